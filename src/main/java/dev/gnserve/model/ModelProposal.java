package dev.gnserve.model;

import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A proposal for the manifest of an archive, found in the archive and by trial passes.
 *
 * @param task the task that fits the outputs
 * @param labels one name per class of the outputs; placeholders unless given
 * @param input the input of the archive
 * @param sigmoid whether the channels need the decoder sigmoid, because none is for background
 * @param outputs the outputs of a trial pass, without the batch axis: {@code output FP32 [2, 96, 96]}
 */
public record ModelProposal(Task task, List<String> labels, ArchiveInput input, boolean sigmoid, List<String> outputs) {

    public ModelProposal {
        labels = List.copyOf(labels);
        outputs = List.copyOf(outputs);
    }

    /**
     * Reads an archive and runs trial passes.
     *
     * @param task the task, or null to guess it
     * @param labels the labels, or an empty list
     * @throws FailureException ENGINE_FAULT with the engine's last message if no trial input runs
     * @throws IllegalArgumentException if the outputs do not fit task or labels
     */
    public static ModelProposal of(
            TorchScriptArchive archive, BackendModel model, @Nullable Task task, List<String> labels) {
        ProgramInput program = ProgramInput.of(archive);
        ArchiveInput.Trial trial = ArchiveInput.trial(archive, model);
        if (program != null && !program.takesImages()) {
            if (task != null && task != Task.TENSORS) {
                throw new IllegalArgumentException(
                        "the program takes " + program + ", which is no batch of images with 1 or 3"
                                + " channels; it fits the task " + Task.TENSORS.label() + " and not " + task.label());
            }
            return of(trial.prediction(), trial.input(), Task.TENSORS, labels);
        }
        return of(trial.prediction(), trial.input(), task, labels);
    }

    private static ModelProposal of(
            Prediction prediction, ArchiveInput input, @Nullable Task task, List<String> labels) {
        TensorShape shape = OutputSpec.usualLogits(prediction).shape();
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
            sigmoid = count == 1;
        } else {
            guessed = Task.TENSORS;
            count = labels.size();
        }
        if (task == Task.TENSORS) {
            guessed = Task.TENSORS;
            count = labels.size();
        }
        if (task != null && task != guessed) {
            throw new IllegalArgumentException("the archive returns " + prediction.outputs()
                    + " for one image, which fits the task " + guessed.label() + " and not " + task.label());
        }
        if (!labels.isEmpty() && labels.size() != count) {
            throw new IllegalArgumentException(
                    labels.size() + " labels are given, but the outputs " + prediction.outputs() + " need " + count);
        }
        List<String> names = labels.isEmpty()
                ? IntStream.rangeClosed(1, count).mapToObj(i -> "class" + i).toList()
                : labels;
        return new ModelProposal(
                guessed,
                names,
                input,
                sigmoid,
                prediction.outputs().entrySet().stream()
                        .map(output -> output.getKey() + " " + output.getValue())
                        .toList());
    }
}
