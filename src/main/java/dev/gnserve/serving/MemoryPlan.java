package dev.gnserve.serving;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How the memory of the process is divided, in bytes. Computed once, at start, from the limit that the process really has.
 *
 * @param limit of the control group (version 1 or 2), or the memory of the machine
 * @param heap the most that the Java heap takes
 * @param runtime what JVM and engine take beside heap, models and passes
 */
record MemoryPlan(long limit, long heap, long runtime) {

    /** Class data, compiled code, stacks and the libraries of the engine; see docs/measurements/memory.md. */
    private static final long RUNTIME = 400L << 20;

    /** Of heap, for what the garbage collector keeps beside it. */
    private static final int COLLECTOR_SHARE = 32;

    static MemoryPlan ofThisProcess() {
        long heap = Runtime.getRuntime().maxMemory();
        long limit = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        return new MemoryPlan(limit, heap, RUNTIME + heap / COLLECTOR_SHARE);
    }

    /** For models and their passes. */
    long passes() {
        return Math.max(0, limit - heap - runtime);
    }
}
