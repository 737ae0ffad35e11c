package dev.gnserve.process;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * How the memory of the process is divided, in bytes. Every admission is charged against a part of it, so that what is admitted
 * together fits. Computed at start from the limit that the process really has. docs/measurements/memory.md has the figures behind it.
 *
 * @param limit of the control group (version 1 or 2), or the memory of the machine
 * @param heap the most that the Java heap takes
 */
public record MemoryPlan(long limit, long heap) {

    private static final long MB = 1 << 20;

    /** Class data, compiled code, stacks, and the libraries of the engine. */
    private static final long RUNTIME = 400 * MB;

    /** Of the heap: what the garbage collector keeps beside it. */
    private static final int COLLECTOR_SHARE = 32;

    /** Of what is left: what the allocator keeps of memory that passes and decoders gave back. */
    private static final int ALLOCATOR_SHARE = 8;

    /** Of the heap: the application without requests, and what requests hold beside uploads and images. */
    private static final long APPLICATION = 160 * MB;

    /** Of the heap: bodies of requests, what is parsed of them, and outputs of requests with tensors. */
    private static final int UPLOADS_SHARE = 5;

    /** The plan of this process. */
    public static MemoryPlan ofThisProcess() {
        long limit = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
        return new MemoryPlan(limit, Runtime.getRuntime().maxMemory());
    }

    /** What JVM and engine take beside the heap, models and passes. */
    public long runtime() {
        return RUNTIME + heap / COLLECTOR_SHARE;
    }

    /** What the allocator keeps. */
    public long allocator() {
        return Math.max(0, limit - heap - runtime()) / ALLOCATOR_SHARE;
    }

    /** Native memory for models and their passes. */
    public long passes() {
        return Math.max(0, limit - heap - runtime()) - allocator();
    }

    /** Heap for the bodies of requests, and for outputs of requests with tensors. */
    public long uploads() {
        return heap / UPLOADS_SHARE;
    }

    /** Heap for images, from their decoding to their response. */
    public long images() {
        return Math.max(heap / UPLOADS_SHARE, heap - APPLICATION - uploads());
    }

    /** For the log: one line for each part. */
    public String table() {
        return """
                Memory plan for a limit of %,d MB:
                  Java heap            %,8d MB, of it %,d MB for images and %,d MB for uploads
                  JVM and engine       %,8d MB
                  allocator            %,8d MB
                  models and passes    %,8d MB""".formatted(
                limit / MB, heap / MB, images() / MB, uploads() / MB, runtime() / MB, allocator() / MB, passes() / MB);
    }
}
