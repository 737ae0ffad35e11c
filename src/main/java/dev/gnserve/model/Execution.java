package dev.gnserve.model;

import dev.gnserve.engine.Device;

/**
 * How a model runs.
 *
 * @param workers how many batches run at the same time
 * @param threads how many threads work on one batch; 0 shares the cores evenly among the workers
 * @param device where
 */
public record Execution(int workers, int threads, Device device) {

    public Execution {
        if (workers < 1 || workers > 256 || threads < 0 || threads > 256) {
            throw new IllegalArgumentException("workers and threads are " + workers + " and " + threads
                    + ", allowed is 1 to 256 workers and 0 (automatic) to 256 threads");
        }
    }

    /** Threads per worker on a machine: workers times threads never exceeds the cores, unless the workers alone do. */
    public int threadsOn(int cores) {
        int share = Math.max(1, cores / workers);
        return threads == 0 ? share : Math.min(threads, share);
    }
}
