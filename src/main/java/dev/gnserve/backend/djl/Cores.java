package dev.gnserve.backend.djl;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Shares the cores evenly among the forward passes that run at the same time, of all models: a single pass gets all cores,
 * and with as many passes as cores each pass gets one. Thread-safe.
 *
 * <p>So a single client gets the shortest latency, and many clients get the highest throughput. A fixed number of threads
 * gives only one of the two: when the threads of a pass have to wait for a core, the pass stalls at each of its hundred
 * barriers and spins there.
 */
final class Cores {

    private final int cores;
    private final AtomicInteger passes = new AtomicInteger();

    Cores(int cores) {
        this.cores = cores;
    }

    /** Begins a forward pass, which ends with {@link #leave}; returns the number of threads that it may use. */
    int enter() {
        return Math.max(1, cores / passes.incrementAndGet());
    }

    void leave() {
        passes.decrementAndGet();
    }
}
