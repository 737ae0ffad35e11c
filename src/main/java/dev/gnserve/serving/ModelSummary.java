package dev.gnserve.serving;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelState;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * One version of one model.
 *
 * @param task null if its model.yaml cannot be read
 * @param isDefault whether requests that name no version go to this one
 * @param reason of its failure, or null
 */
record ModelSummary(
        @Schema(example = "nuclei-unet-gn") String name,
        @Schema(example = "1") String version,
        @Schema(example = "segmentation") @Nullable String task,
        ModelState state,
        @JsonProperty("default") @Schema(name = "default") boolean isDefault,
        @Nullable String reason) {

    static ModelSummary of(LoadedModel model, boolean isDefault) {
        ModelManifest manifest = model.manifestOrNull();
        return new ModelSummary(
                model.name(),
                model.version(),
                manifest == null ? null : manifest.task().label(),
                model.state(),
                isDefault,
                model.reason());
    }
}
