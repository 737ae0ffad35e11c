package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.List;

/** Whether what an archive gives for ordinary input is what its manifest promises: seen before it serves. */
final class OutputFit {

    private OutputFit() {}

    /**
     * Passes if it fits.
     *
     * @throws FailureException ENGINE_FAULT with what the manifest should say instead
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
            case TENSORS -> {} // Whatever it is.
        }
    }

    private static void requireChosen(Prediction prediction) {
        for (String name : List.of("boxes", "scores")) {
            Tensor output = prediction.outputs().get(name);
            if (output == null) {
                throw fault("a detector that gives labels gives boxes and scores, too, and the archive gives "
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
            throw fault("model.yaml declares the " + channels.size() + " labels " + channels + " and the archive gives "
                    + values + " values of shape " + logits.shape() + " for one image");
        }
    }

    private static void requirePlanes(ModelManifest manifest, Tensor logits) {
        requireNumbers(logits);
        List<String> channels = manifest.output().channels();
        TensorShape shape = logits.shape();
        if (shape.rank() != 3 || shape.size(0) != channels.size()) {
            throw fault("model.yaml declares the " + channels.size() + " output channels " + channels
                    + " and the archive gives shape " + shape + " instead of [" + channels.size()
                    + ", height, width]; name every channel in output.channels, or say output: {decoder: sigmoid} where"
                    + " none is for background");
        }
    }

    private static void requireNumbers(Tensor output) {
        for (float value : output.floats()) {
            if (!Float.isFinite(value)) {
                throw fault("the model gives " + value + " for ordinary input");
            }
        }
    }

    private static FailureException fault(String detail) {
        return Failure.of(FailureCode.ENGINE_FAULT, detail).asException();
    }
}
