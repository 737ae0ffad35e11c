package dev.gnserve.serving;

import dev.gnserve.backend.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What is served, and where.
 *
 * @param modelsDir folder of models beside the embedded ones, which must be there; null for {@code ./models}, where it is
 * @param models names of those that are served; null for all
 * @param device {@code auto}, {@code cpu} or {@code gpu}
 * @param threads that work on one forward pass unless a model says otherwise; null for all cores
 * @param drainTime how long accepted work may take at shutdown, or when a model is unloaded
 * @param shutdownPause how long new work is still taken after readiness went off, so that balancers can notice
 * @param hangTime how long one call into the engine may take before it counts as hung
 * @param watchInterval how often the folder of models is looked at for changes; null for never
 * @param settleTime how long changed files must stay as they are before they are loaded by themselves
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
        @DefaultValue("5s") Duration settleTime) {}
