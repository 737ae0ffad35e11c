package dev.gnserve.model;

import dev.gnserve.engine.EngineModel;
import dev.gnserve.engine.EngineSession;
import dev.gnserve.engine.Prediction;
import dev.gnserve.engine.Tensor;
import dev.gnserve.engine.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.torchscript.TorchScriptArchive;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest for an archive could say, found in the archive and on trial runs.
 *
 * @param task as its outputs suggest
 * @param labels names to be replaced by the real ones, as many as its outputs have
 * @param inputChannels of its first convolution
 * @param sizeMultiple the least of which both sides must be multiples
 * @param fixedSize side of the only square input that was found to run, or 0 where sizes are free
 * @param sigmoid whether a single channel must be its own foreground
 * @param outputs of a trial run, without the batch axis, as {@code output FP32 [2, 96, 96]}
 */
public record ModelProposal(
        Task task,
        List<String> labels,
        int inputChannels,
        int sizeMultiple,
        int fixedSize,
        boolean sigmoid,
        List<String> outputs) {

    /** Networks halve their input this often at most. */
    private static final int LARGEST_MULTIPLE = 64;

    /** Near this, sides are tried that are odd multiples: what needs a larger multiple fails then. */
    private static final int FREE_SIDE = 160;

    private static final List<Integer> USUAL_FIXED_SIDES =
            List.of(224, 256, 32, 64, 96, 128, 299, 384, 512, 640, 800, 1024);

    public ModelProposal {
        labels = List.copyOf(labels);
        outputs = List.copyOf(outputs);
    }

    /**
     * Looks into an archive and runs it.
     *
     * @param task to be assumed, or null to guess it
     * @param labels to be assumed, or none
     * @throws FailureException ENGINE_FAULT with the engine's last words if no trial input runs
     * @throws IllegalArgumentException if the outputs are none that gnserve knows, or do not go with task or labels
     */
    public static ModelProposal of(
            TorchScriptArchive archive, EngineModel model, @Nullable Task task, List<String> labels) {
        int channels = inputChannels(archive);
        EngineSession session = model.newSession();
        FailureException refusal = null;
        for (int multiple = 1; multiple <= LARGEST_MULTIPLE; multiple *= 2) {
            // Of both sides, an odd number of multiples.
            int side = (FREE_SIDE / multiple | 1) * multiple;
            try {
                Prediction prediction = run(session, channels, side, side + 2 * multiple);
                if (fits(prediction, side, side + 2 * multiple)) {
                    return of(prediction, channels, multiple, 0, task, labels);
                }
            } catch (FailureException e) {
                refusal = e;
            }
        }
        for (int side : USUAL_FIXED_SIDES) {
            try {
                return of(run(session, channels, side, side), channels, 1, side, task, labels);
            } catch (FailureException e) {
                refusal = e;
            }
        }
        throw refusal == null ? new IllegalArgumentException("no trial input runs") : refusal;
    }

    private static int inputChannels(TorchScriptArchive archive) {
        return archive.parameters().stream()
                .map(parameter -> parameter.tensor().shape())
                .filter(shape -> shape.size() == 4)
                .map(shape -> Math.toIntExact(shape.get(1)))
                .filter(channels -> channels == 1 || channels == 3)
                .findFirst()
                .orElse(3);
    }

    private static Prediction run(EngineSession session, int channels, int height, int width) {
        Tensor noise = WarmUp.input(TensorShape.of(channels, height, width));
        // Two at once: what is no batch axis shows itself.
        return session.run(Collections.nCopies(2, noise)).predictions().get(0);
    }

    /** Whether a picture that comes out covers the one that went in by whole strides. */
    private static boolean fits(Prediction prediction, int height, int width) {
        TensorShape shape = logits(prediction).shape();
        return shape.rank() != 3 || (shape.elements() > 0 && height % shape.size(1) == 0 && width % shape.size(2) == 0);
    }

    private static Tensor logits(Prediction prediction) {
        return prediction.outputs().getOrDefault("out", prediction.first());
    }

    private static ModelProposal of(
            Prediction prediction,
            int channels,
            int multiple,
            int fixedSize,
            @Nullable Task task,
            List<String> labels) {
        TensorShape shape = logits(prediction).shape();
        int count;
        Task guessed;
        boolean sigmoid = false;
        Tensor boxes = prediction.outputs().getOrDefault("boxes", prediction.first());
        if (boxes.shape().rank() == 2
                && boxes.shape().size(1) == 4
                && prediction.outputs().size() > 1) {
            guessed = Task.DETECTION;
            Tensor scores = prediction
                    .outputs()
                    .getOrDefault(
                            "scores", List.copyOf(prediction.outputs().values()).get(1));
            boolean dense = !prediction.outputs().containsKey("labels")
                    && scores.shape().rank() == 2;
            count = dense ? scores.shape().size(1) : Math.max(1, labels.size());
        } else if (shape.rank() == 3) {
            guessed = Task.SEGMENTATION;
            sigmoid = shape.size(0) == 1 || shape.size(0) == labels.size();
            count = sigmoid ? shape.size(0) : shape.size(0) - 1;
        } else if (shape.rank() == 1) {
            guessed = Task.CLASSIFICATION;
            count = shape.size(0);
        } else {
            throw new IllegalArgumentException(
                    "the archive gives " + prediction.outputs()
                            + " for one image, which is neither masks [channels, height, width], nor boxes and scores, nor logits [labels]");
        }
        if (task != null && task != guessed) {
            throw new IllegalArgumentException("the archive gives " + prediction.outputs() + " for one image, which is "
                    + guessed.label() + " and not " + task.label());
        }
        if (!labels.isEmpty() && labels.size() != count) {
            throw new IllegalArgumentException(
                    labels.size() + " labels are given and the outputs " + prediction.outputs() + " have " + count);
        }
        List<String> names = labels.isEmpty()
                ? IntStream.rangeClosed(1, count).mapToObj(i -> "class" + i).toList()
                : labels;
        return new ModelProposal(
                guessed,
                names,
                channels,
                multiple,
                fixedSize,
                sigmoid,
                prediction.outputs().entrySet().stream()
                        .map(output -> output.getKey() + " " + output.getValue())
                        .toList());
    }
}
