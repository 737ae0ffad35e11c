package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NormalizationTest {

    @Test
    void fixedUsesTheStatisticsOfEachChannel() {
        float[] planes = {0, 255, 51, 102};
        new Normalization.Fixed(1 / 255f, List.of(0.5f, 0.2f), List.of(0.25f, 0.1f)).apply(planes, 2);
        assertThat(planes).containsExactly(new float[] {-2, 2, 0, 2}, within(1e-6f));
    }

    @Test
    void fixedRefusesAnotherNumberOfChannels() {
        var gray = new Normalization.Fixed(1, List.of(0f), List.of(1f));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> gray.apply(new float[6], 3))
                .withMessageContaining("3 channels");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void percentilesAreThoseOfTheSortedValuesOverAllChannels(long seed) {
        Random random = new Random(seed);
        float[] planes = new float[3 * 50 * 37];
        for (int i = 0; i < planes.length; i++) {
            planes[i] = (float) Math.round(255 * Math.pow(random.nextDouble(), 3));
        }
        float[] sorted = planes.clone();
        Arrays.sort(sorted);
        float zero = sorted[(int) Math.ceil(0.01 * planes.length) - 1];
        float one = sorted[(int) Math.ceil(0.99 * planes.length) - 1];
        float[] normalized = planes.clone();

        new Normalization.Percentile(1, 99, 1).apply(normalized, 3);

        for (int i = 0; i < planes.length; i++) {
            float expected = Math.min(2, Math.max(-1, (planes[i] - zero) / (one - zero)));
            assertThat(normalized[i]).isCloseTo(expected, within(1e-4f));
        }
    }

    @Test
    void colourIsKept() {
        float[] planes = {10, 20, 110, 120, 60, 70};
        new Normalization.Percentile(0, 100, 1).apply(planes, 3);
        assertThat(planes[2] - planes[0]).isCloseTo(100 / 110f, within(1e-4f));
        assertThat(planes[4] - planes[0]).isCloseTo(50 / 110f, within(1e-4f));
    }

    @Test
    void noiseOfAnEmptyImageIsNotBlownUp() {
        float[] planes = {3, 4, 3, 5, 4, 3};
        new Normalization.Percentile(1, 99, 20).apply(planes, 1);
        assertThat(planes).containsExactly(new float[] {0, 0.05f, 0, 0.1f, 0.05f, 0}, within(1e-4f));
    }

    @Test
    void constantImageBecomesZero() {
        float[] planes = {7, 7, 7};
        new Normalization.Percentile(1, 99, 1).apply(planes, 3);
        assertThat(planes).containsExactly(0, 0, 0);
    }

    @Test
    void hotPixelsAreLimited() {
        float[] planes = new float[10_000];
        for (int i = 0; i < planes.length; i++) {
            planes[i] = i % 50;
        }
        planes[17] = 60_000;
        new Normalization.Percentile(1, 99, 1).apply(planes, 1);
        assertThat(planes[17]).isEqualTo(2);
    }

    @Test
    void percentilesOutOfOrderAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Normalization.Percentile(99, 1, 1))
                .withMessageContaining("99");
    }

    /** What percentiles are for: nearest ranks, as numpy.percentile with the method inverted_cdf. */
    @ParameterizedTest
    @ValueSource(floats = {1e6f, -9999, Float.MAX_VALUE, -Float.MAX_VALUE})
    void oneValueFarFromAllOthersMovesNoPercentile(float outlier) {
        float[] values = new float[2000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i * 7) % 2000 - 1000 + 0.25f; // Negative ones, too.
        }
        values[1234] = outlier;
        Histogram histogram = Histogram.ofRows(new PlanarImage(1, 40, 50, values));

        float[] sorted = values.clone();
        Arrays.sort(sorted);
        assertThat(histogram.percentile(0)).isEqualTo(sorted[0]);
        assertThat(histogram.percentile(1)).isEqualTo(sorted[19]);
        assertThat(histogram.percentile(50)).isEqualTo(sorted[999]);
        assertThat(histogram.percentile(99.5f)).isEqualTo(sorted[1989]);
        assertThat(histogram.percentile(100)).isEqualTo(sorted[1999]);
    }
}
