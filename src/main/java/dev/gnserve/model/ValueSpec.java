package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.ValueScale;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the output of a model becomes a number for each pixel, such as a depth. Thread-safe.
 *
 * @param units of the values of each label; empty where they have none
 * @param shown which values pictures show; null for those of each image
 * @param interpolation how a map of another size becomes as large as the image
 */
public record ValueSpec(List<String> units, @Nullable ValueScale shown, Interpolation interpolation)
        implements FamilySpec {

    /** Interpolations with half-pixel centres. */
    public enum Interpolation {
        BILINEAR,
        BICUBIC
    }

    public ValueSpec {
        units = List.copyOf(units);
    }

    static ValueSpec read(ManifestTree tree, List<String> labels) {
        List<String> units = List.of(tree.get("/output/units", String[].class, new String[0]));
        if (!units.isEmpty() && units.size() != labels.size()) {
            throw new IllegalArgumentException("output.units has " + units.size()
                    + " values; allowed is one for each of the " + labels.size() + " labels");
        }
        Float[] shown = tree.get("/output/shown", Float[].class, new Float[0]);
        if (shown.length == 2 && !(shown[0] < shown[1])) {
            throw new IllegalArgumentException(
                    "output.shown is " + List.of(shown) + "; allowed are the least and then the greatest value");
        }
        Interpolation interpolation = tree.get("/output/interpolation", Interpolation.class, Interpolation.BILINEAR);
        if (interpolation == Interpolation.BICUBIC && tree.has("/input/tile")) {
            throw new IllegalArgumentException(
                    "output.interpolation is bicubic, but input.tile is given: bicubic maps are of a whole image; remove one");
        }
        return new ValueSpec(units, shown.length == 2 ? new ValueScale(shown[0], shown[1]) : null, interpolation);
    }

    /**
     * The options of a model with the task regression.
     *
     * @throws IllegalArgumentException for another decoder
     */
    public static ValueSpec of(OutputSpec output) {
        if (output.family() instanceof ValueSpec spec) {
            return spec;
        }
        throw new IllegalArgumentException(output.decoder() + " gives no values of pixels");
    }

    /**
     * The values at the size of the output.
     *
     * @param prediction has one output, or one that the manifest names: [labels, height, width], or [height, width] for one label
     * @return float32 [labels, height, width], all finite
     * @throws FailureException ENGINE_FAULT if it is another shape, if there are several outputs and no name, or for NaN or infinity
     */
    public static PlanarImage maps(OutputSpec output, Prediction prediction) {
        Tensor tensor = output.only(prediction, "values");
        TensorShape shape = tensor.shape();
        int labels = output.channels().size();
        boolean plain = shape.rank() == 2 && labels == 1;
        if (shape.elements() == 0 || !(plain || (shape.rank() == 3 && shape.size(0) == labels))) {
            throw fault("The model returned %s, but its model.yaml declares [%d, height, width], a map for each of %s."
                    .formatted(tensor, labels, output.channels()));
        }
        float[] values = tensor.floats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw fault("The model's output contains " + value
                        + " for this image, so there is no result. POST the image to"
                        + " /v1/models/{model}/verify to find the faulty layer.");
            }
        }
        return new PlanarImage(labels, shape.size(shape.rank() - 2), shape.size(shape.rank() - 1), values);
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
