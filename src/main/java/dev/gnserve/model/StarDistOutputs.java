package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The two outputs of StarDist, in any order.
 *
 * @param probability of an object, [1, height, width], 0 to 1
 * @param distances from each pixel to the boundary of its object along rays, in pixels of the input, [rays, height, width]
 */
public record StarDistOutputs(Tensor probability, Tensor distances) {

    /** Fewer rays make no outline. */
    private static final int FEWEST_RAYS = 3;

    /** A family is known by as many rays without being named. */
    private static final int USUAL_RAYS = 8;

    /** The outputs if they have the shapes, else null. */
    static @Nullable StarDistOutputs find(Prediction prediction) {
        List<Tensor> outputs = List.copyOf(prediction.outputs().values());
        if (outputs.size() != 2) {
            return null;
        }
        Tensor first = outputs.get(0);
        Tensor second = outputs.get(1);
        return PixelMaps.isMap(first, 1) ? pair(first, second) : pair(second, first);
    }

    private static @Nullable StarDistOutputs pair(Tensor probability, Tensor distances) {
        boolean fits = PixelMaps.isMap(probability, 1)
                && PixelMaps.isAlike(probability, distances)
                && distances.shape().size(0) >= FEWEST_RAYS;
        return fits ? new StarDistOutputs(probability, distances) : null;
    }

    /**
     * The outputs.
     *
     * @throws FailureException ENGINE_FAULT if they have other shapes
     */
    public static StarDistOutputs of(Prediction prediction) {
        StarDistOutputs found = find(prediction);
        if (found == null) {
            throw PixelMaps.fault("The model returned " + prediction.outputs()
                    + ", but the decoder stardist needs two outputs of the same height"
                    + " and width: a probability [1, height, width] and distances [rays, height, width].");
        }
        return found;
    }

    /** Requires values that can be probabilities and distances. */
    void requireValues() {
        OutputFacts facts = OutputFacts.of(probability);
        if (!facts.isFraction()) {
            throw PixelMaps.fault("The decoder stardist takes probabilities, but " + probability + " has "
                    + facts.text() + ". End the network in a sigmoid, as StarDist does.");
        }
        if (!facts.finite() || !OutputFacts.of(distances).finite()) {
            throw PixelMaps.fault("The outputs of the model contain NaN or infinity.");
        }
    }

    /** Whether the values are so clearly those of StarDist that the outputs need no name. */
    boolean isUsual() {
        OutputFacts facts = OutputFacts.of(distances);
        return distances.shape().size(0) >= USUAL_RAYS
                && facts.finite()
                && facts.least() >= 0
                && facts.greatest() > 1
                && OutputFacts.of(probability).isFraction();
    }
}
