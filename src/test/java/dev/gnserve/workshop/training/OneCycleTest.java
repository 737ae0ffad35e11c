package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class OneCycleTest {

    private static final OneCycle CYCLE = new OneCycle(0.01, 1000);

    @Test
    void risesToThePeakAndFallsToAlmostNothing() {
        assertThat(CYCLE.at(0)).isCloseTo(0.0004, within(1e-12));
        assertThat(CYCLE.at(100)).isCloseTo(0.01, within(1e-12));
        assertThat(CYCLE.at(550)).isCloseTo(0.005, within(1e-5));
        assertThat(CYCLE.at(1000)).isCloseTo(0.00001, within(1e-12));
    }

    @Test
    void staysLowBeyondTheEnd() {
        assertThat(CYCLE.at(5000)).isEqualTo(CYCLE.at(1000));
    }
}
