package dev.gnserve.pipeline;

import dev.gnserve.backend.Prediction;
import dev.gnserve.batching.Outcome;
import dev.gnserve.model.ModelManifest;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/**
 * Runs a sequence of inputs through a model, a few at a time: they share batches with the inputs of other requests, and a large
 * request neither fills the queue nor holds all its inputs in memory. For one thread.
 */
public final class InputsInFlight {

    private final int count;
    private final int limit;
    private final IntFunction<CompletableFuture<Outcome<Prediction>>> infer;
    private final Client client;
    private final Deque<CompletableFuture<Outcome<Prediction>>> inFlight = new ArrayDeque<>();
    private int submitted;

    /**
     * @param count of the inputs
     * @param limit how many may be in flight at a time
     * @param infer submits the input of an index, from 0
     */
    public InputsInFlight(
            int count, int limit, IntFunction<CompletableFuture<Outcome<Prediction>>> infer, Client client) {
        this.count = count;
        this.limit = limit;
        this.infer = infer;
        this.client = client;
        client.expects(count);
    }

    /** How many inputs of one request may be in flight: enough to fill a batch. */
    public static int limit(ModelManifest manifest) {
        return Math.max(2, manifest.batching().maxSize());
    }

    /** Submits inputs up to the limit. */
    void submit() {
        while (submitted < count && inFlight.size() < limit) {
            inFlight.add(infer.apply(submitted++));
        }
    }

    /**
     * Passes on the outcome of each input, in their order, as soon as it is there.
     *
     * @throws dev.gnserve.failure.FailureException the failure of the first input that failed; the others are cancelled
     */
    public void forEach(Consumer<Outcome.Success<Prediction>> consumer) {
        try {
            submit();
            while (!inFlight.isEmpty()) {
                Outcome.Success<Prediction> success =
                        client.await(inFlight.remove()).success();
                client.inputDone();
                submit();
                consumer.accept(success);
            }
        } finally {
            cancel();
        }
    }

    /** Cancels the inputs in flight. */
    void cancel() {
        inFlight.forEach(input -> input.cancel(false));
        inFlight.clear();
    }
}
