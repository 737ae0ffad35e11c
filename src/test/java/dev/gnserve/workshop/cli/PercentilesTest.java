package dev.gnserve.workshop.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PercentilesTest {

    @Test
    void percentilesAreNearestRanks() {
        long[] nanos = new long[200];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = (200 - i) * 1_000_000L;
        }
        Percentiles percentiles = new Percentiles(nanos);

        assertThat(percentiles.millis(50)).isEqualTo(100);
        assertThat(percentiles.millis(99)).isEqualTo(198);
        assertThat(percentiles.millis(100)).isEqualTo(200);
        assertThat(new Percentiles(new long[] {7_000_000}).millis(50)).isEqualTo(7);
        assertThat(new Percentiles(new long[0]).millis(50)).isNaN();
    }
}
