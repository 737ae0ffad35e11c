package dev.gnserve.model;

import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import org.jspecify.annotations.Nullable;

/**
 * How a model runs.
 *
 * @param workers number of batches that run at the same time; 0 for one per core, at most four
 * @param threads number of threads of a batch; 0 shares the cores evenly among all batches that run at the same time, of all
 *     models
 * @param device where the model runs
 * @param plan memory format and precision; null for what {@link TunedPlans} holds for this machine
 * @param accuracy how far a plan that is chosen may be from the model as exported; says nothing where the plan is stated
 */
public record Execution(
        int workers, int threads, Device device, @Nullable ExecutionPlan plan, Accuracy accuracy) {

    /** In model.yaml, for the plan null. */
    static final String AUTO = "auto";

    private static final int MOST_AUTOMATIC_WORKERS = 4;

    public Execution {
        if (workers < 0 || workers > 256 || threads < 0 || threads > 256) {
            throw new IllegalArgumentException("workers and threads are " + workers + " and " + threads
                    + ", allowed is 0 (automatic) to 256 of each");
        }
    }

    /** For the engine, with so many threads for a pass; 0 for automatic. The plan auto runs as exported here. */
    public BackendPlan withThreads(int number) {
        return new BackendPlan(device, number, plan == null ? ExecutionPlan.AS_EXPORTED : plan);
    }

    public int workersOn(int cores) {
        return workers == 0 ? Math.min(cores, MOST_AUTOMATIC_WORKERS) : workers;
    }

    /** Threads per batch, 0 for automatic. Workers times threads is at most the number of cores, unless there are more workers. */
    public int threadsOn(int cores) {
        return threads == 0 ? 0 : Math.min(threads, Math.max(1, cores / workersOn(cores)));
    }
}
