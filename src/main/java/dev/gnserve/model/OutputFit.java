package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.List;

/** Checks before a model serves that its outputs fit the manifest. */
final class OutputFit {

    private OutputFit() {}

    /**
     * Requires that a prediction for a warm-up input fits the manifest.
     *
     * @throws FailureException ENGINE_FAULT if it does not; the message says what to change in the manifest
     */
    static void require(ModelManifest manifest, Prediction prediction) {
        switch (manifest.task()) {
            case DETECTION -> {
                if (OutputSpec.isChosen(prediction)) {
                    requireChosen(prediction);
                } else {
                    OutputSpec.Locations locations = manifest.output().locations(prediction);
                    requireNumbers(locations.boxes());
                    requireNumbers(locations.scores());
                }
            }
            case CLASSIFICATION -> requireLogit(manifest, manifest.output().logits(prediction));
            case SEGMENTATION -> requirePlanes(manifest, manifest.output().logits(prediction));
            case TENSORS -> {} // All outputs fit.
        }
    }

    private static void requireChosen(Prediction prediction) {
        for (String name : List.of("boxes", "scores")) {
            Tensor output = prediction.outputs().get(name);
            if (output == null) {
                throw fault("a detector with the output labels also needs boxes and scores, but the archive returns "
                        + prediction.outputs());
            }
            requireNumbers(output);
        }
    }

    private static void requireLogit(ModelManifest manifest, Tensor logits) {
        requireNumbers(logits);
        List<String> channels = manifest.output().channels();
        int values = logits.shape().elements();
        if (values != channels.size()) {
            throw fault("model.yaml declares the " + channels.size() + " labels " + channels
                    + ", but the archive returns " + values + " values of shape " + logits.shape() + " for one image");
        }
    }

    private static void requirePlanes(ModelManifest manifest, Tensor logits) {
        requireNumbers(logits);
        List<String> channels = manifest.output().channels();
        TensorShape shape = logits.shape();
        if (shape.rank() != 3 || shape.size(0) != channels.size()) {
            throw fault("model.yaml declares the " + channels.size() + " output channels " + channels
                    + ", but the archive returns shape " + shape + " instead of [" + channels.size()
                    + ", height, width]; list every channel in output.channels, or use output: {decoder: sigmoid} if no"
                    + " channel is for background");
        }
    }

    private static void requireNumbers(Tensor output) {
        for (float value : output.floats()) {
            if (!Float.isFinite(value)) {
                throw fault("the model's output contains " + value + " for random input between 0 and 1");
            }
        }
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
