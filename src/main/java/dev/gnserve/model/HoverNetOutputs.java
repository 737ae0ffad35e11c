package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The outputs of HoVer-Net, by the names of MONAI's HoVerNet or of the authors' code. They are known by name only: the first two have
 * the same shape.
 *
 * @param nucleus {@code nucleus_prediction} or {@code np}: logits [2, height, width] of background and nucleus
 * @param distances {@code horizontal_vertical} or {@code hv}: [2, height, width]
 * @param types {@code type_prediction} or {@code tp}: logits [types, height, width], background first; null for a network without types
 */
public record HoverNetOutputs(
        Tensor nucleus, Tensor distances, @Nullable Tensor types) {

    private static final List<String> NUCLEUS = List.of("nucleus_prediction", "np");
    private static final List<String> DISTANCES = List.of("horizontal_vertical", "hv");
    private static final List<String> TYPES = List.of("type_prediction", "tp");

    /** The outputs if they have the names and shapes, else null. */
    static @Nullable HoverNetOutputs find(Prediction prediction) {
        Tensor nucleus = PixelMaps.named(prediction, NUCLEUS);
        Tensor distances = PixelMaps.named(prediction, DISTANCES);
        Tensor types = PixelMaps.named(prediction, TYPES);
        if (nucleus == null || distances == null || !PixelMaps.isMap(nucleus, 2) || !PixelMaps.isMap(distances, 2)) {
            return null;
        }
        boolean alike = PixelMaps.isAlike(nucleus, distances) && (types == null || PixelMaps.isAlike(nucleus, types));
        return alike ? new HoverNetOutputs(nucleus, distances, types) : null;
    }

    /**
     * The outputs.
     *
     * @param channels of the manifest: background and the types
     * @throws FailureException ENGINE_FAULT if they have other names or shapes
     */
    public static HoverNetOutputs of(Prediction prediction, List<String> channels) {
        HoverNetOutputs found = find(prediction);
        if (found == null) {
            throw PixelMaps.fault(
                    "The model returned " + prediction.outputs() + ", but the decoder hovernet needs a dictionary with"
                            + " nucleus_prediction [2, height, width], horizontal_vertical [2, height, width] and, for types,"
                            + " type_prediction [types, height, width]; np, hv and tp are the same.");
        }
        int types = found.types == null ? 2 : found.types.shape().size(0);
        if (types != channels.size()) {
            throw PixelMaps.fault("The model returned " + prediction.outputs() + ", which "
                    + (found.types == null ? "has no types and needs one label" : "has " + types + " types")
                    + ", but model.yaml declares the channels " + channels
                    + ". Give a label for each type; the first type is background.");
        }
        return found;
    }

    /** Requires that no softmax is done yet, and no value is NaN or infinite. */
    void requireLogits() {
        for (Tensor logits : types == null ? List.of(nucleus) : List.of(nucleus, types)) {
            if (OutputFacts.of(logits).isDistribution()) {
                throw PixelMaps.fault("The decoder hovernet takes logits, but " + logits + " has "
                        + OutputFacts.of(logits).text()
                        + ": its softmax is done already. Export the model without it.");
            }
        }
        if (!isFinite()) {
            throw PixelMaps.fault("The outputs of the model contain NaN or infinity.");
        }
    }

    /** Whether the values can be those of HoVer-Net. */
    boolean isFinite() {
        return OutputFacts.of(nucleus).finite()
                && OutputFacts.of(distances).finite()
                && (types == null || OutputFacts.of(types).finite());
    }
}
