package dev.gnserve.backend.djl;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Assigns the parts of the value that {@code forward} returned to the inputs of the batch, by the structure of the value.
 *
 * <p>A model returns one of two:
 *
 * <ul>
 *   <li>a result per input: a list of dictionaries, as long as the batch, alone or in a tuple with empty dictionaries (the
 *       losses of torchvision's detectors); or a list of tensors, tuples or lists whose length follows the batch size;
 *   <li>batched outputs: tensors whose first axis is the batch, in dictionaries, tuples and lists of any depth.
 * </ul>
 *
 * <p>Every other value is refused with a message that names the output. The number of outputs alone never decides.
 *
 * <p>A list of tensors that is as long as the batch can be either. Only a second pass with another batch size shows which:
 * see {@link Lists}.
 */
final class EngineOutputs {

    /** The meaning of a list whose elements are not dictionaries. */
    enum Lists {
        /** Not known yet. */
        UNKNOWN,
        /** The length does not depend on the batch: the elements are outputs. */
        OF_OUTPUTS,
        /** The returned value is a list as long as the batch: the elements are results. */
        OF_RESULTS,
        /** A list within the returned value is as long as the batch. */
        INSIDE
    }

    private EngineOutputs() {}

    /** Whether the value has a list, not of dictionaries, that is as long as the batch: it may hold a result per input. */
    static boolean isAmbiguous(EngineValue value, int batch) {
        if (isDictionaryPerInput(value)) {
            return false;
        } else if (value instanceof EngineValue.Listing list && list.elements().size() == batch) {
            return true;
        }
        return children(value).stream().anyMatch(child -> isAmbiguous(child, batch));
    }

    /** Whether the value has a list that is neither empty nor of dictionaries. */
    static boolean hasList(EngineValue value) {
        return !isDictionaryPerInput(value)
                && ((value instanceof EngineValue.Listing list
                                && !list.elements().isEmpty())
                        || children(value).stream().anyMatch(EngineOutputs::hasList));
    }

    /**
     * The meaning of lists, by two passes with different batch sizes.
     *
     * @param value result of a pass with {@code batch} inputs
     * @param other result of a pass with {@code otherBatch} inputs
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
            // Only the common keys: keys can be optional.
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

    /** Whether the value has a separate result per input. */
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

    /** Whether the value has boxes [D, 4], labels [D] and scores [D]. For a batch, each would have one more axis. */
    static boolean isOfOneImage(EngineValue value) {
        Map<String, EngineValue> outputs = OutputNames.of(value);
        return hasRank(outputs, "boxes", 2) && hasRank(outputs, "labels", 1) && hasRank(outputs, "scores", 1);
    }

    /**
     * Whether the value is detectron2's tuple for one image: tensors of numbers [K, 4], [K], whole [K], and whole [2], the size of the
     * image. The size is no output of a batch.
     */
    static boolean isSizedDetection(EngineValue value) {
        if (!(value instanceof EngineValue.Tuple tuple)) {
            return false;
        }
        boolean boxes = false;
        int whole = 0;
        int numbers = 0;
        boolean size = false;
        for (EngineValue element : tuple.elements()) {
            if (!(element instanceof EngineValue.Array array)) {
                return false;
            }
            int rank = array.shape().rank();
            boolean isWhole = array.type() == ElementType.INT64 || array.type() == ElementType.INT32;
            boxes |= rank == 2 && array.shape().size(1) == 4 && !isWhole;
            whole += rank == 1 && isWhole ? 1 : 0;
            numbers += rank == 1 && !isWhole ? 1 : 0;
            size |= rank == 1 && isWhole && array.shape().size(0) == 2;
        }
        return boxes && whole == 2 && numbers == 1 && size;
    }

    private static boolean hasRank(Map<String, EngineValue> outputs, String name, int rank) {
        return outputs.get(name) instanceof EngineValue.Array array
                && array.shape().rank() == rank;
    }

    /** The part of a tuple that is not an empty dictionary, if there is exactly one; else the value itself. */
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
     * The predictions of a batch.
     *
     * @return one per input, in the order of the inputs
     * @throws FailureException ENGINE_FAULT if it is unknown which input an output belongs to, or if an input has no output
     */
    static List<Prediction> predictions(EngineValue value, int batch, Lists lists) {
        if (!isPerInput(value, lists)) {
            if (lists == Lists.INSIDE) {
                throw fault(
                        "forward returns lists with one element per image within another value. It must return a list"
                                + " with one dictionary per image, or tensors whose first axis is the batch");
            }
            if (children(value).stream().anyMatch(EngineOutputs::hasDictionaryPerInput)) {
                throw fault(
                        "forward returns a list of dictionaries together with other outputs, which cannot be assigned to"
                                + " images. If they are losses, the model was saved in training mode: call eval() before you save it");
            }
            return split(value, batch);
        }
        List<EngineValue> results = ((EngineValue.Listing) withoutEmptyDictionaries(value)).elements();
        if (results.size() != batch) {
            throw fault("forward returned a list of " + results.size() + " results for a batch of " + batch
                    + " images. It must return one result per image");
        }
        return perInput(results);
    }

    /**
     * The predictions of separate results.
     *
     * @param results one per input
     * @throws FailureException ENGINE_FAULT if a result has no output, or an output that no tensor can hold
     */
    static List<Prediction> perInput(List<EngineValue> results) {
        List<Prediction> predictions = new ArrayList<>(results.size());
        for (int i = 0; i < results.size(); i++) {
            Map<String, Tensor> outputs = named(results.get(i));
            if (outputs.isEmpty()) {
                throw fault("forward returned no output for image " + (i + 1) + " of " + results.size()
                        + ". If nothing is found, it must return empty tensors, such as boxes of shape [0, 4]");
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
            throw fault("forward returned no output for a batch of " + batch + ". It must return one tensor or more");
        }
        return parts.stream().map(Prediction::new).toList();
    }

    private static List<Tensor> split(String name, EngineValue output, int batch) {
        if (!(output instanceof EngineValue.Array array)) {
            String code = output instanceof EngineValue.Numbers numbers ? numbers.code() : code(output);
            throw fault("the model's output \"" + name + "\" is of type " + code
                    + ", which cannot be split by image. It must be a tensor whose first axis is the batch");
        }
        TensorShape shape = array.shape();
        if (shape.rank() == 0 || shape.size(0) != batch) {
            throw fault("the model's output \"" + name + "\" has shape " + shape + " for a batch of " + batch
                    + ", so it cannot be split by image. Its first axis must be the batch");
        }
        return array.copyEach();
    }

    /**
     * All outputs by name, not split by input.
     *
     * @throws FailureException ENGINE_FAULT if no tensor can hold an output
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
        throw fault("the model's output \"" + name + "\" is of type " + code(output)
                + ", which no tensor can hold. Return a tensor of numbers instead, or leave it out");
    }

    private static String code(EngineValue output) {
        return output instanceof EngineValue.Foreign foreign ? foreign.code() : output.toString();
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
