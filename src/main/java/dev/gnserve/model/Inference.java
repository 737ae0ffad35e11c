package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Outcome;
import java.util.concurrent.CompletableFuture;

/** What runs a model's inputs: a model that serves, or one that is about to. Thread-safe. */
@FunctionalInterface
public interface Inference {

    /**
     * Queues one input without a batch axis.
     *
     * @return completes with the input's outcome, never exceptionally; what depends on it must be quick or run elsewhere.
     *     Cancelling it drops the input if it still waits
     */
    CompletableFuture<Outcome<Prediction>> infer(Tensor input, Deadline deadline);
}
