package dev.gnserve.batching;

import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One batch has run. A failed batch that was run again item by item gives one event for the batch and one for every
 * item.
 *
 * @param model whose batch
 * @param version of the model
 * @param size how many items ran together
 * @param queueWaits from each item's arrival to the start of the batch; empty for an item that ran again
 * @param stages how long it took; a failed batch has only a time for {@code infer}
 * @param failure why it failed, or null
 */
public record BatchCompleted(
        String model,
        String version,
        int size,
        List<Duration> queueWaits,
        StageTimes stages,
        @Nullable FailureCode failure) {

    public BatchCompleted {
        queueWaits = List.copyOf(queueWaits);
    }
}
