package dev.gnserve.backend.djl;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which part of what {@code forward} returned belongs to which input of the batch, by the structure of the value.
 *
 * <p>A model answers in one of two ways:
 *
 * <ul>
 *   <li>a result for each input: a list of dictionaries, as long as the batch, alone or behind empty dictionaries (the
 *       losses of torchvision's detectors); or a list of tensors, tuples or lists, when its length follows the batch;
 *   <li>batched outputs: tensors whose first axis is the batch, in dictionaries, tuples and lists of any depth.
 * </ul>
 *
 * <p>Anything else is refused with a sentence that names the output. Outputs are never dealt out by their count.
 *
 * <p>A list of tensors that is as long as the batch can be either. Only a pass with another batch shows it: see
 * {@link Lists}.
 */
final class EngineOutputs {

    /** What a list stands for that is no list of dictionaries. */
    enum Lists {
        /** No pass has shown it yet. */
        UNKNOWN,
        /** Its length is the same for every batch: its elements are outputs. */
        OF_OUTPUTS,
        /** The returned value is a list as long as the batch: its elements are results. */
        OF_RESULTS,
        /** A list inside of the returned value is as long as the batch. */
        INSIDE
    }

    private EngineOutputs() {}

    /** Whether the value has a list, but of dictionaries, that is as long as the batch: it could be a result for each. */
    static boolean isAmbiguous(EngineValue value, int batch) {
        if (isDictionaryPerInput(value)) {
            return false;
        } else if (value instanceof EngineValue.Listing list && list.elements().size() == batch) {
            return true;
        }
        return children(value).stream().anyMatch(child -> isAmbiguous(child, batch));
    }

    /** Whether the value has a list, but of dictionaries, that shows what lists are: it is as long as no batch. */
    static boolean hasList(EngineValue value) {
        return !isDictionaryPerInput(value)
                && ((value instanceof EngineValue.Listing list
                                && !list.elements().isEmpty())
                        || children(value).stream().anyMatch(EngineOutputs::hasList));
    }

    /**
     * What two passes with batches of different size show.
     *
     * @param value of a pass with {@code batch} inputs
     * @param other of a pass with {@code otherBatch} inputs
     */
    static Lists compare(EngineValue value, int batch, EngineValue other, int otherBatch) {
        if (value instanceof EngineValue.Listing list
                && other instanceof EngineValue.Listing otherList
                && list.elements().size() == batch
                && otherList.elements().size() == otherBatch) {
            return Lists.OF_RESULTS;
        }
        if (value instanceof EngineValue.Dictionary dictionary
                && other instanceof EngineValue.Dictionary otherDictionary) {
            // By their keys: either may lack some.
            Set<String> keys = new LinkedHashSet<>(dictionary.entries().keySet());
            keys.retainAll(otherDictionary.entries().keySet());
            return compare(
                    keys.stream().map(key -> dictionary.entries().get(key)).toList(),
                    batch,
                    keys.stream().map(key -> otherDictionary.entries().get(key)).toList(),
                    otherBatch);
        }
        return compare(children(value), batch, children(other), otherBatch);
    }

    private static Lists compare(List<EngineValue> children, int batch, List<EngineValue> others, int otherBatch) {
        for (int i = 0; i < Math.min(children.size(), others.size()); i++) {
            if (compare(children.get(i), batch, others.get(i), otherBatch) != Lists.OF_OUTPUTS) {
                return Lists.INSIDE;
            }
        }
        return Lists.OF_OUTPUTS;
    }

    private static List<EngineValue> children(EngineValue value) {
        if (value instanceof EngineValue.Dictionary dictionary) {
            return List.copyOf(dictionary.entries().values());
        } else if (value instanceof EngineValue.Tuple tuple) {
            return tuple.elements();
        }
        return value instanceof EngineValue.Listing list ? list.elements() : List.of();
    }

    /** Whether each input has a result that is apart from the others'. */
    static boolean isPerInput(EngineValue value, Lists lists) {
        return isDictionaryPerInput(value) || (lists == Lists.OF_RESULTS && value instanceof EngineValue.Listing);
    }

    private static boolean isDictionaryPerInput(EngineValue value) {
        return withoutEmptyDictionaries(value) instanceof EngineValue.Listing list && list.isOfDictionaries();
    }

    private static boolean hasDictionaryPerInput(EngineValue value) {
        if (value instanceof EngineValue.Listing list && !list.elements().isEmpty() && list.isOfDictionaries()) {
            return true;
        }
        return children(value).stream().anyMatch(EngineOutputs::hasDictionaryPerInput);
    }

    /** Whether boxes [D, 4], labels [D] and scores [D] are there: for a batch each would have an axis more. */
    static boolean isOfOneImage(EngineValue value) {
        Map<String, EngineValue> outputs = OutputNames.of(value);
        return hasRank(outputs, "boxes", 2) && hasRank(outputs, "labels", 1) && hasRank(outputs, "scores", 1);
    }

    private static boolean hasRank(Map<String, EngineValue> outputs, String name, int rank) {
        return outputs.get(name) instanceof EngineValue.Array array
                && array.shape().rank() == rank;
    }

    /** The only part of a tuple that is not an empty dictionary; the value itself where there is none such. */
    private static EngineValue withoutEmptyDictionaries(EngineValue value) {
        if (!(value instanceof EngineValue.Tuple tuple)) {
            return value;
        }
        List<EngineValue> full = tuple.elements().stream()
                .filter(part -> !(part instanceof EngineValue.Dictionary dictionary
                        && dictionary.entries().isEmpty()))
                .toList();
        return full.size() == 1 ? full.get(0) : value;
    }

    /**
     * Gives every input its part.
     *
     * @return one per input, in their order
     * @throws FailureException ENGINE_FAULT if the value does not say which input an output belongs to, or has nothing for
     *     an input
     */
    static List<Prediction> predictions(EngineValue value, int batch, Lists lists) {
        if (!isPerInput(value, lists)) {
            if (lists == Lists.INSIDE) {
                throw fault(
                        "the model gives lists with an element for each image inside of another value: it has to give"
                                + " a list with one dictionary for each image instead, or tensors whose first axis is the batch");
            }
            if (children(value).stream().anyMatch(EngineOutputs::hasDictionaryPerInput)) {
                throw fault(
                        "the model gives a list of dictionaries together with other outputs, which do not say to which"
                                + " image they belong. If they are losses, it was saved in training mode: call eval() before");
            }
            return split(value, batch);
        }
        List<EngineValue> results = ((EngineValue.Listing) withoutEmptyDictionaries(value)).elements();
        if (results.size() != batch) {
            throw fault("the model gave a list of " + results.size() + " results for a batch of " + batch
                    + ": it has to give one for each image, so that it is known which result is whose");
        }
        return perInput(results);
    }

    /**
     * Results of one input each.
     *
     * @throws FailureException ENGINE_FAULT if one has no output, or one that no tensor can hold
     */
    static List<Prediction> perInput(List<EngineValue> results) {
        List<Prediction> predictions = new ArrayList<>(results.size());
        for (int i = 0; i < results.size(); i++) {
            Map<String, Tensor> outputs = named(results.get(i));
            if (outputs.isEmpty()) {
                throw fault("the model gave no output for image " + (i + 1) + " of " + results.size()
                        + ": where it finds nothing, it has to give empty tensors, such as boxes of shape [0, 4]");
            }
            predictions.add(new Prediction(outputs));
        }
        return predictions;
    }

    /** Splits every output along its first axis. */
    private static List<Prediction> split(EngineValue value, int batch) {
        List<Map<String, Tensor>> parts = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            parts.add(new LinkedHashMap<>());
        }
        OutputNames.of(value).forEach((name, output) -> {
            List<Tensor> each = split(name, output, batch);
            for (int i = 0; i < batch; i++) {
                parts.get(i).put(name, each.get(i));
            }
        });
        if (parts.get(0).isEmpty()) {
            throw fault("the model gave no output for a batch of " + batch + ": it has to give one tensor or more");
        }
        return parts.stream().map(Prediction::new).toList();
    }

    private static List<Tensor> split(String name, EngineValue output, int batch) {
        if (!(output instanceof EngineValue.Array array)) {
            String code = output instanceof EngineValue.Numbers numbers ? numbers.code() : code(output);
            throw fault("the model's output \"" + name + "\" is of type " + code
                    + ", which does not say to which image of a"
                    + " batch it belongs: it has to be a tensor whose first axis is the batch");
        }
        TensorShape shape = array.shape();
        if (shape.rank() == 0 || shape.size(0) != batch) {
            throw fault("the model's output \"" + name + "\" has shape " + shape + " for a batch of " + batch
                    + ": its first axis is not the batch, so results cannot be told apart");
        }
        return array.copyEach();
    }

    /**
     * All outputs by name, as they are: nothing is dealt out.
     *
     * @throws FailureException ENGINE_FAULT if one is of a type that no tensor can hold
     */
    static Map<String, Tensor> named(EngineValue value) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        OutputNames.of(value).forEach((name, output) -> outputs.put(name, whole(name, output)));
        return outputs;
    }

    private static Tensor whole(String name, EngineValue output) {
        if (output instanceof EngineValue.Array array) {
            return array.copy();
        } else if (output instanceof EngineValue.Numbers numbers) {
            return numbers.tensor();
        }
        throw fault(
                "the model's output \"" + name + "\" is of type " + code(output)
                        + ", which no tensor can hold: leave it out of what forward returns, or give it as a tensor of numbers");
    }

    private static String code(EngineValue output) {
        return output instanceof EngineValue.Foreign foreign ? foreign.code() : output.toString();
    }

    private static FailureException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }
}
