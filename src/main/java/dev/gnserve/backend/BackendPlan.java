package dev.gnserve.backend;

import dev.gnserve.archive.ExecutionPlan;

/**
 * How to run a model.
 *
 * @param device where; {@link Device#AUTO} is the back end's default device
 * @param threads number of threads of a forward pass; 0 shares the cores evenly among all passes that run at the same time
 * @param execution memory format and precision
 */
public record BackendPlan(Device device, int threads, ExecutionPlan execution) {

    /** On the CPU, with a share of the cores. */
    public static final BackendPlan CPU = new BackendPlan(Device.CPU, 0, ExecutionPlan.AS_EXPORTED);

    public BackendPlan {
        if (threads < 0) {
            throw new IllegalArgumentException("threads is " + threads + ", allowed is 0 or more");
        }
    }
}
