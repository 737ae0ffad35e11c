package dev.gnserve.model;

import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.image.Preprocessor;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code model.yaml} says about a model. Only task and labels must be given, or for the task tensors the shape of
 * an input.
 *
 * @param task what it does
 * @param labels names of what it finds, in the order in which results list them
 * @param description for people
 * @param license of the model
 * @param input what it is given
 * @param output what it gives
 * @param thresholds what counts
 * @param batching how images run together
 * @param execution how many workers and threads, and where
 * @param verification how it is checked
 * @param warmUp what runs before it is ready
 * @param golden an image whose result is known, or null
 */
public record ModelManifest(
        Task task,
        List<String> labels,
        String description,
        String license,
        InputSpec input,
        OutputSpec output,
        Thresholds thresholds,
        BatchPolicy batching,
        Execution execution,
        Verification verification,
        WarmUp warmUp,
        @Nullable Golden golden) {

    public ModelManifest {
        labels = List.copyOf(labels);
        if ((labels.isEmpty() && task != Task.TENSORS) || labels.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException("labels are " + labels + ", allowed is one name or more, none blank");
        }
        Set<String> distinct = new HashSet<>(labels);
        if (distinct.size() != labels.size()) {
            throw new IllegalArgumentException("labels are " + labels + ", allowed are distinct names");
        }
        boolean boxes = output.decoder() == OutputSpec.Decoder.BOXES;
        boolean raw = output.decoder() == OutputSpec.Decoder.TENSORS;
        if (boxes != (task == Task.DETECTION) || raw != (task == Task.TENSORS)) {
            throw new IllegalArgumentException("output.decoder is "
                    + output.decoder().name().toLowerCase(Locale.ROOT) + ", which does not go with task "
                    + task.label());
        }
        if (boxes && !output.channels().equals(labels)) {
            throw new IllegalArgumentException("output.channels are " + output.channels()
                    + ", allowed with the decoder boxes are the labels " + labels);
        }
        if (task == Task.SEGMENTATION) {
            for (String label : labels) {
                if (!output.channels().contains(label)) {
                    throw new IllegalArgumentException(
                            "label " + label + " has no channel among output.channels " + output.channels());
                }
            }
            for (String channel : output.channels()) {
                boolean special = channel.equals(OutputSpec.BACKGROUND) || channel.equals(OutputSpec.BOUNDARY);
                if (!special && !distinct.contains(channel)) {
                    throw new IllegalArgumentException("output channel " + channel + " is neither "
                            + OutputSpec.BACKGROUND + ", " + OutputSpec.BOUNDARY + " nor one of the labels " + labels);
                }
            }
        }
        if (task == Task.CLASSIFICATION) {
            if (!output.channels().equals(labels)) {
                throw new IllegalArgumentException("output.channels are " + output.channels()
                        + ", allowed with task classification are the labels " + labels);
            }
            if (input.tiling() != null) {
                throw new IllegalArgumentException(
                        "input.tile is given, but an image that is classified is taken whole; say input.resize instead");
            }
        }
        if (task == Task.TENSORS && golden != null) {
            throw new IllegalArgumentException(
                    "golden is given, but with task tensors no image is taken; leave it out or say another task");
        }
        for (var shape : warmUp.shapes()) {
            int rank = warmUp.shapes().get(0).rank();
            if (shape.rank() != rank) {
                throw new IllegalArgumentException(
                        "warmUp shape is " + shape + ", allowed are shapes of " + rank + " axes as the first");
            }
            if (task != Task.TENSORS
                    && (shape.rank() != 3 || shape.size(0) != input.colour().channels())) {
                throw new IllegalArgumentException("warmUp shape is " + shape + ", allowed is ["
                        + input.colour().channels() + ", height, width]");
            }
        }
    }

    /** From an upright image to the model's input. */
    public Preprocessor preprocessor() {
        return new Preprocessor(input.colour(), input.resize(), input.normalization(), input.padding(), input.tiling());
    }
}
