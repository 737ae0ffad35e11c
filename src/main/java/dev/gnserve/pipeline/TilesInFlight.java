package dev.gnserve.pipeline;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.batching.BatchTiming;
import dev.gnserve.batching.Outcome;
import dev.gnserve.model.Inference;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.IntFunction;

/** The tiles of one image, or the clips of one upload, on their way through a model, and where their time goes. For one thread. */
final class TilesInFlight {

    private final Inference inference;
    private final Client client;
    private final int count;
    private final IntFunction<Tensor> tile;
    private final InputsInFlight inputs;
    private Duration cutting = Duration.ZERO;
    private Duration queue = Duration.ZERO;
    private Duration inferring = Duration.ZERO;
    private int batchSize;

    /**
     * @param count of the tiles
     * @param tile makes the input of an index
     * @param limit how many tiles may be in flight at a time
     */
    TilesInFlight(Inference inference, Client client, int count, IntFunction<Tensor> tile, int limit) {
        this.inference = inference;
        this.client = client;
        this.count = count;
        this.tile = tile;
        this.inputs = new InputsInFlight(count, limit, this::infer, client);
    }

    private CompletableFuture<Outcome<Prediction>> infer(int index) {
        long began = System.nanoTime();
        Tensor input = tile.apply(index);
        cutting = cutting.plusNanos(System.nanoTime() - began);
        return inference.infer(input, client.deadline());
    }

    /** Submits tiles up to the limit. */
    void submit() {
        inputs.submit();
    }

    /**
     * Passes on the model's output for each tile, as {@link InputsInFlight#forEach}.
     *
     * @throws dev.gnserve.failure.FailureException the failure of the first tile that failed; the others are cancelled
     */
    void forEach(Consumer<Prediction> consumer) {
        inputs.forEach(success -> {
            BatchTiming timing = success.timing();
            queue = timing.queueWait().compareTo(queue) > 0 ? timing.queueWait() : queue;
            inferring = inferring.plus(timing.stages().total());
            batchSize = Math.max(batchSize, timing.batchSize());
            consumer.accept(success.result());
        });
    }

    /** Cancels the tiles in flight. */
    void cancel() {
        inputs.cancel();
    }

    /** The timing of the image, from that of its tiles and of the stages around them. */
    Timing timing(Duration decode, Duration prepare, Duration postprocess) {
        return Timing.of(decode, prepare.plus(cutting), queue, inferring, postprocess, batchSize, count);
    }
}
