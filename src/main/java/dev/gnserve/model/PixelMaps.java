package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Maps of pixels [channels, height, width] among the outputs of a prediction. */
public final class PixelMaps {

    private PixelMaps() {}

    /** The output with one of the names; null if there is none. */
    static @Nullable Tensor named(Prediction prediction, List<String> names) {
        return names.stream()
                .map(prediction.outputs()::get)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** Whether an output is a map with as many channels. */
    static boolean isMap(@Nullable Tensor output, int channels) {
        return output != null
                && output.shape().rank() == 3
                && output.shape().size(0) == channels
                && output.shape().elements() > 0;
    }

    /** Whether two maps have the same height and width. */
    static boolean isAlike(Tensor one, Tensor other) {
        TensorShape shape = one.shape();
        TensorShape another = other.shape();
        return another.rank() == 3 && shape.size(1) == another.size(1) && shape.size(2) == another.size(2);
    }

    /** The channel with the greatest value, of equal ones the first, for each pixel. */
    static int[] winners(Tensor map) {
        int pixels = map.shape().size(1) * map.shape().size(2);
        float[] values = map.floats();
        int[] winners = new int[pixels];
        for (int first = pixels; first < values.length; first += pixels) {
            for (int i = 0; i < pixels; i++) {
                if (values[first + i] > values[winners[i] * pixels + i]) {
                    winners[i] = first / pixels;
                }
            }
        }
        return winners;
    }

    /** Requires that the height and width of a map divide those of an input of the warm-up. */
    static void requireStride(ModelManifest manifest, Tensor map) {
        boolean divides =
                manifest.warmUp().shapes().stream().anyMatch(input -> stride(map, input.size(2), input.size(1)) > 0);
        if (!divides) {
            throw fault(
                    "The model returned " + map + " for an input of "
                            + manifest.warmUp().shapes()
                            + ": the decoder "
                            + OutputForm.lower(manifest.output().decoder())
                            + " needs maps that show the whole input, at its size or a whole fraction of it. Export the network with padded convolutions.");
        }
    }

    /**
     * Input pixels for one pixel of a map.
     *
     * @param width of the input
     * @param height of the input
     * @throws FailureException ENGINE_FAULT if the map does not show the whole input
     */
    public static int requireStride(Tensor map, int width, int height) {
        int stride = stride(map, width, height);
        if (stride == 0) {
            throw fault(
                    "The model returned " + map + " for an input of " + width + " x " + height
                            + " pixels (width x height): the map has to show the whole input, at its size or a whole fraction of it.");
        }
        return stride;
    }

    /** Input pixels for one pixel of a map in each direction; 0 if the map does not show the whole input. */
    private static int stride(Tensor map, int width, int height) {
        int rows = map.shape().size(1);
        int stride = height / rows;
        return stride * rows == height && stride * map.shape().size(2) == width ? stride : 0;
    }

    static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
