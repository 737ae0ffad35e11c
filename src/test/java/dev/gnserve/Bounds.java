package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/** What reading a small hostile input may cost, counted for its own thread: what else the machine does has no part in it. */
public final class Bounds {

    /** Far above what any small input needs on a slow machine with an instrumented build; endless loops are beyond it. */
    private static final Duration MOST_PROCESSOR_TIME = Duration.ofSeconds(20);

    /** Of a small file; what many at once take stays below the heap. */
    private static final long MOST_BYTES = 256_000_000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Bounds() {}

    /** Runs this and fails if it took much heap or looped; a second time where the first had to load classes. */
    public static void hold(Runnable reading) {
        if (bytesTaken(reading) > MOST_BYTES) {
            assertThat(bytesTaken(reading)).as("bytes of heap taken").isLessThan(MOST_BYTES);
        }
    }

    private static long bytesTaken(Runnable reading) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes();
        long nanos = THREADS.getCurrentThreadCpuTime();
        reading.run();
        assertThat(Duration.ofNanos(THREADS.getCurrentThreadCpuTime() - nanos))
                .as("processor time")
                .isLessThan(MOST_PROCESSOR_TIME);
        return THREADS.getCurrentThreadAllocatedBytes() - bytes;
    }
}
