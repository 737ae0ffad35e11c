package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.OutputSpec.Decoder;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A classifier with several outputs, each of which has labels of its own, such as age and sex. Immutable.
 *
 * @param heads in the order of results
 */
public record ClassifierHeads(List<Head> heads) implements FamilySpec {

    private static final Set<Decoder> DECODERS = EnumSet.of(Decoder.SOFTMAX, Decoder.SIGMOID, Decoder.PROBABILITIES);

    /**
     * One of the outputs.
     *
     * @param name of the output
     * @param labels one for each value
     * @param decoder softmax, sigmoid or probabilities
     */
    public record Head(String name, List<String> labels, Decoder decoder) {

        public Head {
            labels = List.copyOf(labels);
            if (!DECODERS.contains(decoder)) {
                throw new IllegalArgumentException("the decoder of the head " + name + " is "
                        + OutputForm.lower(decoder) + "; allowed are softmax, sigmoid and probabilities");
            }
            if (labels.size() == 1 && decoder == Decoder.SOFTMAX) {
                throw new IllegalArgumentException(
                        "the head " + name
                                + " has one label: softmax of a single value is always 1. Use decoder: sigmoid, or probabilities");
            }
        }

        /**
         * The output.
         *
         * @throws FailureException ENGINE_FAULT if it is missing, or has another number of values
         */
        public Tensor of(Prediction prediction) {
            Tensor output = prediction.outputs().get(name);
            if (output == null) {
                throw new FailureException(
                        FailureCode.ENGINE_FAULT,
                        "model.yaml has the head \"" + name + "\", but the archive returns "
                                + prediction.outputs().keySet());
            }
            if (output.shape().elements() != labels.size()) {
                throw new FailureException(
                        FailureCode.ENGINE_FAULT,
                        "model.yaml declares the " + labels.size() + " labels " + labels + " of the head " + name
                                + ", but the archive returns " + output);
            }
            return output;
        }
    }

    /** As it is in a manifest. */
    record Given(String name, List<String> labels, @Nullable Decoder decoder) {}

    public ClassifierHeads {
        heads = List.copyOf(heads);
        Set<String> names = new HashSet<>();
        for (Head head : heads) {
            if (!names.add(head.name())) {
                throw new IllegalArgumentException("the head " + head.name() + " is given twice");
            }
        }
    }

    /** Null if the manifest gives no heads. */
    static @Nullable ClassifierHeads read(ManifestTree tree, Decoder usual) {
        if (!tree.isGiven("/output/heads")) {
            return null;
        }
        return tree.make(
                "/output/heads",
                () -> new ClassifierHeads(Stream.of(tree.get("/output/heads", Given[].class))
                        .map(given -> new Head(
                                given.name(), given.labels(), given.decoder() == null ? usual : given.decoder()))
                        .toList()));
    }

    /** The labels of all heads, each with the name of its head: {@code age.child}. */
    static List<String> labels(ManifestTree tree) {
        return Stream.of(tree.get("/output/heads", Given[].class))
                .flatMap(head -> head.labels().stream().map(label -> head.name() + "." + label))
                .toList();
    }
}
