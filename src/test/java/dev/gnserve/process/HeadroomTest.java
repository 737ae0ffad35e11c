package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class HeadroomTest {

    private static final long GB = 1 << 30;

    @Test
    void aProcessMayGrowToItsLimitWithoutTheReserve() {
        Headroom headroom = new Headroom(1600 * GB); // More than this process will have.

        assertThat(headroom.holds(1400 * GB)).isTrue();
        assertThat(headroom.holds(1500 * GB)).isFalse(); // A sixteenth is the reserve.
    }

    @Test
    void theHeapCountsAsIfItWereFull() {
        long heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getMax();

        assertThat(new Headroom(heap).holds(0)).isFalse(); // However little of it is used now.
    }

    @Test
    void aProcessThatIsLargerThanItsLimitMayNotGrow() {
        assertThat(new Headroom(1 << 20).holds(1)).isFalse();
    }
}
