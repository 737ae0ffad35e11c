package dev.gnserve.serving;

import dev.gnserve.backend.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings under {@code gnserve}.
 *
 * @param modelsDir folder of models, served beside the embedded ones; must exist. Null for {@code ./models}, if it exists
 * @param models names of the models to serve; null for all
 * @param device {@code auto}, {@code cpu} or {@code gpu}
 * @param threads for one forward pass, unless a model.yaml sets its own; null for all cores
 * @param drainTime how long accepted requests may take at shutdown, or when a model is unloaded
 * @param shutdownPause how long requests are still accepted after readiness is off, so that load balancers can notice
 * @param hangTime how long one call into the engine may take before it counts as hung
 * @param watchInterval how often the models folder is checked for changes; null, also if given as 0 or less, for never
 * @param settleTime how long changed files must stay unchanged before they are loaded
 * @param tuneTime how long the plans of a model with the plan auto are timed when it loads; 0 for never
 */
@ConfigurationProperties("gnserve")
public record ServingSettings(
        @Nullable Path modelsDir,
        @Nullable Set<String> models,
        @DefaultValue("auto") Device device,
        @Nullable Integer threads,
        @DefaultValue("20s") Duration drainTime,
        @DefaultValue("0s") Duration shutdownPause,
        @DefaultValue("2m") Duration hangTime,
        @Nullable Duration watchInterval,
        @DefaultValue("5s") Duration settleTime,
        @DefaultValue("5s") Duration tuneTime) {

    public ServingSettings {
        watchInterval =
                watchInterval == null || watchInterval.isZero() || watchInterval.isNegative() ? null : watchInterval;
    }
}
