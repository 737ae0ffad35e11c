package dev.gnserve.pipeline;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.BatchTiming;
import dev.gnserve.batching.Outcome;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.Inference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The tiles of one image on their way through a model, a few at a time: so a large image neither fills the queue nor has all its
 * tiles in memory at once. For one thread.
 */
final class TileRun {

    private final Inference inference;
    private final Caller caller;
    private final PreparedImage prepared;
    private final int ahead;
    private final Deque<CompletableFuture<Outcome<Prediction>>> inFlight = new ArrayDeque<>();
    private int submitted;
    private Duration making = Duration.ZERO;
    private Duration queue = Duration.ZERO;
    private Duration inferring = Duration.ZERO;
    private int batchSize;

    /** @param ahead how many tiles may be on their way at a time */
    TileRun(Inference inference, Caller caller, PreparedImage prepared, int ahead) {
        this.inference = inference;
        this.caller = caller;
        this.prepared = prepared;
        this.ahead = ahead;
    }

    /** Submits tiles until as many are on their way as may be. */
    void submit() {
        while (submitted < prepared.tiles() && inFlight.size() < ahead) {
            long before = System.nanoTime();
            PlanarImage tile = prepared.tile(submitted++);
            Tensor input = Tensor.of(tile.values(), tile.channels(), tile.height(), tile.width());
            making = making.plusNanos(System.nanoTime() - before);
            inFlight.add(inference.infer(input, caller.deadline()));
        }
    }

    /**
     * Hands over what the model gave for each tile, in the order of the tiles, as soon as it is there.
     *
     * @throws dev.gnserve.failure.FailureException the failure of the first tile that failed; the others are cancelled
     */
    void forEach(Consumer<Prediction> consumer) {
        try {
            submit();
            while (!inFlight.isEmpty()) {
                Outcome.Success<Prediction> success =
                        caller.await(inFlight.remove()).success();
                submit();
                BatchTiming timing = success.timing();
                queue = timing.queueWait().compareTo(queue) > 0 ? timing.queueWait() : queue;
                inferring = inferring.plus(timing.stages().total());
                batchSize = Math.max(batchSize, timing.batchSize());
                consumer.accept(success.result());
            }
        } finally {
            cancel();
        }
    }

    /** Cancels the tiles that are still on their way. */
    void cancel() {
        inFlight.forEach(tile -> tile.cancel(false));
        inFlight.clear();
    }

    /** Where the time went; the caller knows that of the stages around the tiles. */
    Timing timing(Duration decode, Duration prepare, Duration postprocess) {
        return new Timing(
                millis(decode),
                millis(prepare.plus(making)),
                millis(queue),
                millis(inferring),
                millis(postprocess),
                batchSize,
                prepared.tiles());
    }

    /** To a hundredth: more would be noise. */
    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e4) / 100.0;
    }
}
