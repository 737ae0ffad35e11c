package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;

/**
 * How the output of a model becomes the vector of an image. Thread-safe.
 *
 * @param normalize whether the vector is divided by its Euclidean length
 */
public record EmbeddingSpec(boolean normalize) implements FamilySpec {

    /** The least length by which a vector is divided, as in torch.nn.functional.normalize. */
    private static final double LEAST_LENGTH = 1e-12;

    static EmbeddingSpec read(ManifestTree tree) {
        return new EmbeddingSpec(tree.get("/output/normalize", Boolean.class));
    }

    /**
     * The options of a model with the task embedding.
     *
     * @throws IllegalArgumentException for another decoder
     */
    public static EmbeddingSpec of(OutputSpec output) {
        if (output.family() instanceof EmbeddingSpec spec) {
            return spec;
        }
        throw new IllegalArgumentException(output.decoder() + " gives no vector of an image");
    }

    /**
     * The vector of one image, scaled to length 1 if the manifest says so. A vector of zeros stays as it is.
     *
     * @param prediction has one output, or one that the manifest names: [D] or [D, 1, 1]
     * @return D values, all finite
     * @throws FailureException ENGINE_FAULT if it is another shape, if there are several outputs and no name, or for NaN or infinity
     */
    public static float[] vector(OutputSpec output, Prediction prediction) {
        Tensor tensor = output.only(prediction, "vector");
        if (!isVector(tensor.shape())) {
            throw fault(
                    "The model returned %s, but with task embedding an output is one vector for each image, [D] or [D, 1, 1]. Choose another output in its model.yaml, output: {name: ...}, or export the network with its pooling."
                            .formatted(tensor));
        }
        float[] values = tensor.floats();
        double squares = 0;
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw fault("The model's output contains " + value
                        + " for this image, so there is no result. POST the image to"
                        + " /v1/models/{model}/verify to find the faulty layer.");
            }
            squares += (double) value * value;
        }
        return of(output).normalize() ? divided(values, Math.max(Math.sqrt(squares), LEAST_LENGTH)) : values;
    }

    private static float[] divided(float[] values, double length) {
        float[] scaled = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            scaled[i] = (float) (values[i] / length);
        }
        return scaled;
    }

    /** Whether an output of one image is a vector, as it is or from a pooling that keeps the axes of the map. */
    static boolean isVector(TensorShape shape) {
        boolean pooled = shape.rank() == 3 && shape.size(1) == 1 && shape.size(2) == 1;
        return (shape.rank() == 1 || pooled) && shape.size(0) > 0;
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
