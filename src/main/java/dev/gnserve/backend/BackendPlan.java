package dev.gnserve.backend;

/**
 * How a model is to run.
 *
 * @param device where; {@link Device#AUTO} is where the back end's models run by default
 * @param threads how many threads work on one forward pass; 0 for its share of the cores, which is all of them while nothing else
 *     runs
 */
public record BackendPlan(Device device, int threads) {

    /** On the CPU, with a share of the cores. */
    public static final BackendPlan CPU = new BackendPlan(Device.CPU, 0);

    public BackendPlan {
        if (threads < 0) {
            throw new IllegalArgumentException("threads is " + threads + ", allowed is 0 or more");
        }
    }
}
