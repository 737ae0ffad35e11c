package dev.gnserve.verification;

import dev.gnserve.archive.NormalizationLayer;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * A normalization layer, as JSON. A field is null if the archive does not fix its value.
 *
 * @param name path of the module, or of the function that makes the call
 * @param kind group-norm, batch-norm, layer-norm or instance-norm
 * @param verifiable whether its calls can be checked
 * @param reason why it cannot be verified, or the contradiction in its declaration; or null
 */
public record LayerDescription(
        @Schema(example = "stem.norm") String name,

        @Schema(
                example = "group-norm",
                allowableValues = {"group-norm", "batch-norm", "layer-norm", "instance-norm"})
        String kind,

        @Schema(example = "4") @Nullable Integer groups,
        @Schema(example = "16") @Nullable Integer channels,
        @Schema(example = "1.0E-5") @Nullable Double epsilon,
        @Nullable Boolean affine,
        boolean verifiable,
        @Nullable String reason) {

    public static LayerDescription of(NormalizationLayer layer) {
        return new LayerDescription(
                layer.name(),
                layer.kind().toString(),
                layer.groups(),
                layer.channels(),
                layer.epsilon(),
                layer.affine(),
                layer.verifiable(),
                layer.reason());
    }
}
