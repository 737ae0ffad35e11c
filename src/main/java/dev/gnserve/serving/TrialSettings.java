package dev.gnserve.serving;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Whether archives are tried in a process of their own before they are loaded.
 *
 * @param enabled false to load archives without a trial
 * @param time how long a trial may take
 */
@ConfigurationProperties("gnserve.trial")
public record TrialSettings(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("1m") Duration time) {}
