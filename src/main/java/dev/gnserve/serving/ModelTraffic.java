package dev.gnserve.serving;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.Traffic;
import dev.gnserve.pipeline.ShadowTally;
import dev.gnserve.pipeline.ShadowTraffic;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;

/**
 * Which version of a model gets which requests.
 *
 * @param version that answers requests which name none now
 * @param wanted version that is to answer them as soon as it is ready; null if the newest is
 * @param shadow version that is only compared; null if there is none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record ModelTraffic(
        @JsonProperty("default") @Schema(name = "default", example = "1")
        String version,

        @Schema(example = "1") @Nullable String wanted,
        @Nullable ShadowVersion shadow) {

    /**
     * A version whose answers are compared with those of the default version.
     *
     * @param share of the images that it gets
     * @param agreement with the answers of the version that is the default now
     */
    record ShadowVersion(
            @Schema(example = "2") String version,
            @Schema(example = "0.1") double share,
            ShadowTally agreement) {}

    /**
     * What a request may set, as the API document shows it.
     *
     * @param version that is to answer; null for the newest that is ready
     * @param shadow null for none
     */
    @Schema(name = "TrafficRequest")
    record Wanted(
            @JsonProperty("default")
            @Schema(name = "default", example = "1", requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            String version,

            @Schema(requiredMode = Schema.RequiredMode.NOT_REQUIRED) @Nullable
            WantedShadow shadow) {}

    /**
     * The shadow that a request may set.
     *
     * @param share above 0 to 1
     */
    @Schema(name = "ShadowRequest")
    record WantedShadow(
            @Schema(example = "2") String version,
            @Schema(example = "0.1") double share) {}

    static ModelTraffic of(String model, ModelRepository repository, ShadowTraffic shadows) {
        String main = repository.mainVersion(model);
        Traffic traffic = repository.traffic(model);
        Traffic.Shadow shadow = traffic.shadow();
        return new ModelTraffic(
                main,
                traffic.main(),
                shadow == null
                        ? null
                        : new ShadowVersion(
                                shadow.version(), shadow.share(), shadows.tally(model, main, shadow.version())));
    }
}
