package dev.gnserve.backend.djl;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Shares the cores evenly among the forward passes that run at the same moment, whatever models they belong to: a lone
 * one gets all of them, and when there are as many passes as cores each has one thread.
 *
 * <p>So a single client gets the shortest latency and many get the highest throughput. Fixed plans give one of the two:
 * a team of threads whose members must wait for a core stalls at each of its hundred barriers per forward, and while it
 * waits it spins.
 */
final class Cores {

    private final int cores;
    private final AtomicInteger passes = new AtomicInteger();

    Cores(int cores) {
        this.cores = cores;
    }

    /** Begins a forward pass and says how many threads it may use; ends with {@link #leave}. */
    int enter() {
        return Math.max(1, cores / passes.incrementAndGet());
    }

    void leave() {
        passes.decrementAndGet();
    }
}
