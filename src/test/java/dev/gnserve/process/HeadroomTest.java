package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class HeadroomTest {

    private static final long GB = 1 << 30;

    @Test
    void aProcessMayGrowToItsLimitWithoutTheReserve() {
        Headroom headroom = new Headroom(160 * GB); // More than this process will have.

        assertThat(headroom.holds(140 * GB)).isTrue();
        assertThat(headroom.holds(150 * GB)).isFalse(); // A sixteenth is the reserve.
    }

    @Test
    void aProcessThatIsLargerThanItsLimitMayNotGrow() {
        assertThat(new Headroom(1 << 20).holds(1)).isFalse();
    }
}
