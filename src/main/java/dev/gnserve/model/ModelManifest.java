package dev.gnserve.model;

import dev.gnserve.backend.TensorShape;
import dev.gnserve.batching.BatchPolicy;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Preprocessor;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The content of a {@code model.yaml}. Only task and labels are required; for the task tensors, the shape of an input
 * instead of labels, and for the task embedding no labels.
 * Immutable.
 *
 * @param task what the model does
 * @param labels names of the classes, in the order of the results
 * @param description for readers
 * @param license license of the model
 * @param input how inputs are made from images
 * @param output what the outputs mean
 * @param thresholds limits for pixels, objects and boxes
 * @param batching how items become batches
 * @param execution workers, threads and device
 * @param verification how the model is verified
 * @param warmUp what runs before the model is ready
 * @param golden an image with its expected result, or null
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
        boolean vector = task == Task.EMBEDDING;
        if (vector && (!labels.isEmpty() || !output.channels().isEmpty())) {
            throw new IllegalArgumentException("labels are " + labels + " and output.channels " + output.channels()
                    + ", but the values of an embedding have no names; remove them");
        }
        if ((labels.isEmpty() && task != Task.TENSORS && !vector)
                || labels.stream().anyMatch(String::isBlank)) {
            throw new IllegalArgumentException(
                    "labels are " + labels + ", allowed are one or more names that are not blank");
        }
        Set<String> distinct = new HashSet<>(labels);
        if (distinct.size() != labels.size()) {
            throw new IllegalArgumentException("labels are " + labels + ", allowed are distinct names");
        }
        int scores = thresholds.scores() == null ? 0 : thresholds.scores().size();
        if (scores > 0 && (scores != labels.size() || task != Task.DETECTION)) {
            throw new IllegalArgumentException("thresholds.scores has " + scores
                    + " values; allowed is one for each of the " + labels.size() + " labels, with task detection");
        }
        int masks = thresholds.masks() == null ? 0 : thresholds.masks().size();
        boolean ofPixels = task == Task.SEGMENTATION
                && output.decoder() != OutputSpec.Decoder.CLASSES
                && output.instances() == null;
        boolean ofObjects = task == Task.DETECTION
                && (output.decoder() == OutputSpec.Decoder.BOXES || output.decoder() == OutputSpec.Decoder.DETECTRON2);
        if (masks > 0 && (masks != labels.size() || !(ofPixels || ofObjects))) {
            throw new IllegalArgumentException(
                    "thresholds.masks has " + masks + " values; allowed is one for each of the "
                            + labels.size()
                            + " labels, with task segmentation and a decoder that gives each label a probability at each pixel, or"
                            + " with the decoders boxes and detectron2");
        }
        boolean boxes = output.hasBoxes();
        if (output.decoder() == OutputSpec.Decoder.CLASSES && task != Task.SEGMENTATION) {
            throw new IllegalArgumentException(
                    "output.decoder is classes, which goes with task segmentation and not with " + task.label());
        }
        if (output.instances() != null && task != Task.SEGMENTATION) {
            throw new IllegalArgumentException("output.decoder is " + OutputForm.lower(output.decoder())
                    + ", which goes with task segmentation and not with " + task.label());
        }
        if (output.exclusive() && task != Task.SEGMENTATION) {
            throw new IllegalArgumentException("output.exclusive is true, which goes with task segmentation only");
        }
        boolean raw = output.decoder() == OutputSpec.Decoder.TENSORS;
        boolean queries = output.hasQueries() && (task == Task.DETECTION || task == Task.SEGMENTATION);
        if ((boxes != (task == Task.DETECTION) && !queries)
                || raw != (task == Task.TENSORS)
                || vector != (output.decoder() == OutputSpec.Decoder.EMBEDDING)
                || (task == Task.REGRESSION) != (output.decoder() == OutputSpec.Decoder.VALUES)) {
            throw new IllegalArgumentException("output.decoder is "
                    + output.decoder().name().toLowerCase(Locale.ROOT) + ", which does not go with task "
                    + task.label());
        }
        if ((task == Task.DETECTION || task == Task.REGRESSION)
                && !output.channels().equals(labels)) {
            throw new IllegalArgumentException("output.channels are " + output.channels() + ", allowed with task "
                    + task.label() + " are the labels " + labels);
        }
        if (task == Task.SEGMENTATION) {
            boolean watershed = output.decoder() == OutputSpec.Decoder.WATERSHED;
            if (watershed && (labels.size() != 1 || !output.channels().contains(OutputSpec.BOUNDARY))) {
                throw new IllegalArgumentException("output.decoder is watershed with the labels " + labels
                        + " and the channels " + output.channels()
                        + "; allowed are one label, for all objects, and channels with " + OutputSpec.BOUNDARY
                        + " among them, such as [" + OutputSpec.BOUNDARY + "]");
            }
            for (String label : labels) {
                if (!watershed && !output.channels().contains(label)) {
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
                        "input.tile is given, but a classifier needs the whole image; use input.resize instead");
            }
        }
        if (vector && input.tiling() != null) {
            throw new IllegalArgumentException(
                    "input.tile is given, but an embedding needs the whole image; use input.resize instead");
        }
        if (task == Task.DETECTION && output.hasQueries() && input.tiling() != null) {
            throw new IllegalArgumentException(
                    "input.tile is given, but class and mask queries show the objects of a whole image; use input.resize instead");
        }
        if (task == Task.TENSORS && golden != null) {
            throw new IllegalArgumentException(
                    "golden is given, but a model with task tensors takes no images; remove it or use another task");
        }
        if (input.volume() != null) {
            requireVolumes(output, golden);
        } else if (output.decoder() == OutputSpec.Decoder.WATERSHED) {
            throw new IllegalArgumentException(
                    "output.decoder is watershed, which goes with input.volume; an image is a volume with one plane");
        }
        for (var shape : warmUp.shapes()) {
            int rank = warmUp.shapes().get(0).rank();
            if (shape.rank() != rank) {
                throw new IllegalArgumentException(
                        "warmUp shape is " + shape + ", allowed are shapes of " + rank + " axes, like the first one");
            }
            ClipSpec clip = input.clip();
            boolean images = task != Task.TENSORS && input.volume() == null;
            int axes = clip == null ? 3 : 4;
            if (images
                    && (shape.rank() != axes
                            || shape.size(0) != input.colour().channels()
                            || (clip != null && shape.size(1) != clip.frames()))) {
                throw new IllegalArgumentException("warmUp shape is " + shape + ", allowed is ["
                        + input.colour().channels() + (clip == null ? "" : ", " + clip.frames()) + ", height, width]");
            }
        }
    }

    /** Whether the golden check has a picture, and not a volume. */
    public boolean hasGoldenPicture() {
        return golden != null && input.volume() == null;
    }

    private static void requireVolumes(OutputSpec output, @Nullable Golden golden) {
        boolean read = switch (output.decoder()) {
            case SOFTMAX, SIGMOID, PROBABILITIES -> !output.channels().contains(OutputSpec.BOUNDARY);
            case WATERSHED -> true;
            default -> false;
        };
        if (!read) {
            throw new IllegalArgumentException(
                    "output.decoder is " + OutputForm.lower(output.decoder())
                            + " with the channels " + output.channels()
                            + "; allowed with input.volume are softmax, sigmoid and probabilities, without the channel boundary, and watershed, with it");
        }
        if (golden != null
                && !(golden.image().endsWith(".npy") && golden.expected().endsWith(".npy"))) {
            throw new IllegalArgumentException(
                    "golden is " + golden.image() + " and " + golden.expected()
                            + "; allowed with input.volume are two arrays (.npy): an input, and the outputs after output.steps");
        }
    }

    /** The same, with another shape of input for the warm-up. */
    ModelManifest withWarmUp(TensorShape shape) {
        return new ModelManifest(
                task,
                labels,
                description,
                license,
                input,
                output,
                thresholds,
                batching,
                execution,
                verification,
                new WarmUp(List.of(shape), warmUp.batchSizes(), warmUp.dataTypes()),
                golden);
    }

    /** The same for outputs that went through the steps after the model. */
    public ModelManifest withoutOutputSteps() {
        return new ModelManifest(
                task,
                labels,
                description,
                license,
                input,
                output.withoutSteps(),
                thresholds,
                batching,
                execution,
                verification,
                warmUp,
                golden);
    }

    /**
     * Makes the model's input from an upright image.
     *
     * @throws FailureException with {@code WRONG_TASK} if the model takes volumes
     */
    public Preprocessor preprocessor() {
        if (input.volume() != null) {
            throw new FailureException(
                    FailureCode.WRONG_TASK,
                    "the model takes volumes and no images: POST a volume to its path segment or verify, see docs/volumes.md");
        }
        return new Preprocessor(
                input.colour(), input.range(), input.resize(), input.normalization(), input.padding(), input.tiling());
    }
}
