package dev.gnserve.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProcessorWaitTest {

    @Test
    void ofNoProcessNothingIsKnown() {
        assertThat(ProcessorWait.of(-1).since(ProcessorWait.of(-1))).isZero();
    }

    @Test
    void aThreadHasNotWaitedLongerThanTheProcessLives() {
        ProcessorWait begin = ProcessorWait.of(ProcessHandle.current().pid());
        long nanos = System.nanoTime();
        Duration waited = ProcessorWait.of(ProcessHandle.current().pid()).since(begin);
        // Since the first look at the threads, which began before the clock was read.
        assertThat(waited)
                .isLessThanOrEqualTo(Duration.ofNanos(System.nanoTime() - nanos).plusMinutes(1));
        assertThat(ProcessorWait.of(-1).since(begin)).isZero();
    }
}
