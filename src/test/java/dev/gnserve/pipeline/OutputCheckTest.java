package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OutputCheckTest {

    @ParameterizedTest
    @CsvSource({"0, true", "-65535, true", "1e30, false", "-1e30, false", "NaN, false", "Infinity, false"})
    void onlyOrdinaryImagesSaySomethingAboutAModel(float value, boolean ordinary) {
        assertThat(OutputCheck.Watch.isOrdinary(Tensor.of(new float[] {1, value, 2}, 3, 1, 1)))
                .isEqualTo(ordinary);
    }
}
