package dev.gnserve.serving;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.BatchTiming;
import dev.gnserve.batching.Outcome;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.Inference;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * One decoded image whose tiles run through a model, a few at a time: neither does a large image fill the queue for
 * everybody else, nor are all its tiles in memory at once. For one thread.
 */
public final class ImageRun {

    private final Inference inference;
    private final Caller caller;
    private final UprightImage image;
    private final PreparedImage prepared;
    private final Duration decode;
    private final int tilesAhead;
    private final Deque<CompletableFuture<Outcome<Prediction>>> inFlight = new ArrayDeque<>();
    private Duration preprocess;
    private Duration queue = Duration.ZERO;
    private Duration inferring = Duration.ZERO;
    private int batchSize;
    private int submitted;

    ImageRun(
            Inference inference,
            Caller caller,
            UprightImage image,
            PreparedImage prepared,
            Duration decode,
            Duration preprocess,
            int tilesAhead) {
        this.inference = inference;
        this.caller = caller;
        this.image = image;
        this.prepared = prepared;
        this.decode = decode;
        this.preprocess = preprocess;
        this.tilesAhead = tilesAhead;
        fillQueue();
    }

    /** The image, upright. */
    public UprightImage image() {
        return image;
    }

    /** Its tiles, and the way back from their outputs to the image. */
    public PreparedImage prepared() {
        return prepared;
    }

    /**
     * Hands over what the model gave for each tile, in the order of the tiles, as soon as it is there.
     *
     * @throws dev.gnserve.failure.FailureException the failure of the first tile that failed
     */
    public void forEachTile(Consumer<Prediction> consumer) {
        try {
            while (!inFlight.isEmpty()) {
                Outcome.Success<Prediction> success =
                        caller.await(inFlight.remove()).success();
                fillQueue();
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

    /** Takes what still waits out of the queue; nobody needs it any more. */
    void cancel() {
        inFlight.forEach(tile -> tile.cancel(false));
        inFlight.clear();
    }

    /** The times so far, with that of post-processing, which the caller knows. */
    public Timing timing(Duration postprocess) {
        return new Timing(
                millis(decode),
                millis(preprocess),
                millis(queue),
                millis(inferring),
                millis(postprocess),
                batchSize,
                prepared.tiles());
    }

    private void fillQueue() {
        while (submitted < prepared.tiles() && inFlight.size() < tilesAhead) {
            long before = System.nanoTime();
            PlanarImage tile = prepared.tile(submitted++);
            Tensor input = Tensor.of(tile.values(), tile.channels(), tile.height(), tile.width());
            preprocess = preprocess.plusNanos(System.nanoTime() - before);
            inFlight.add(inference.infer(input, caller.deadline()));
        }
    }

    /** To a hundredth: more would be noise. */
    private static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e4) / 100.0;
    }
}
