package dev.gnserve.model;

import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import java.util.concurrent.CompletableFuture;

/** Runs inputs on a model that serves, or that will serve after its checks. Thread-safe. */
@FunctionalInterface
public interface Inference {

    /**
     * Queues one input without a batch axis.
     *
     * @return completes with the input's outcome, never exceptionally. Dependent stages must be fast or run on another thread.
     *     Cancelling it removes a waiting input from the queue
     */
    CompletableFuture<Outcome<Prediction>> infer(ModelInput input, Deadline deadline);

    /** For the inputs of one request: in the queue they take turns with those of other requests. */
    default Inference ofOneRequest() {
        return this;
    }
}
