package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class ServingSettingsTest {

    @ParameterizedTest
    @ValueSource(strings = {"0s", "-1s"})
    void theFolderIsNeverWatchedWithAnIntervalOfZeroOrLess(String interval) {
        assertThat(bind(interval).watchInterval()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"200us", "10s"})
    void everyOtherIntervalIsKept(String interval) {
        assertThat(bind(interval).watchInterval()).isGreaterThan(Duration.ZERO);
    }

    private static ServingSettings bind(String interval) {
        return new Binder(new MapConfigurationPropertySource(Map.of("gnserve.watch-interval", interval)))
                .bindOrCreate("gnserve", ServingSettings.class);
    }
}
