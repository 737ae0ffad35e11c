package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.Failure;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class UploadLimitsTest {

    @ParameterizedTest
    @CsvSource({
        "max-upload-size, 2GB, 1B to 2047MB",
        "max-upload-size, 0B, 1B to 2047MB",
        "max-upload-size-in-flight, 1MB, max-upload-size (33554432B) or more",
        "max-upload-time, 0s, more than zero",
        "max-images, 0, 1 or more",
        "max-pixels, 0, 1 or more",
        "max-pixels-in-flight, 1, max-pixels (64000000) or more"
    })
    void aSettingOutOfRangeIsNamed(String name, String value, String allowed) {
        assertThatThrownBy(() -> bind(name, value))
                .extracting(Failure::reason)
                .asString()
                .startsWith("gnserve.limits." + name + " is ")
                .contains("Allowed is " + allowed);
    }

    @Test
    void theLargestUploadFitsIntoAnArray() {
        assertThat(bind("max-upload-size", "2047MB").maxUploadSize().toBytes()).isEqualTo(Integer.MAX_VALUE - 1048575L);
    }

    private static UploadLimits bind(String name, String value) {
        return new Binder(new MapConfigurationPropertySource(Map.of("gnserve.limits." + name, value)))
                .bindOrCreate("gnserve.limits", UploadLimits.class);
    }
}
