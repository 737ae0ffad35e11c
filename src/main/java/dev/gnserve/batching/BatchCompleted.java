package dev.gnserve.batching;

import dev.gnserve.failure.FailureCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One batch has run. A failed batch that was run again item by item gives one event for the batch and one for every
 * item.
 *
 * @param model whose batch
 * @param version of the model
 * @param items that ran together
 * @param again whether this is an item that runs again, alone
 * @param stages how long it took; a failed batch has only a time for {@code infer}
 * @param failure why it failed, or null
 */
public record BatchCompleted(
        String model,
        String version,
        List<BatchedItem> items,
        boolean again,
        StageTimes stages,
        @Nullable FailureCode failure) {

    public BatchCompleted {
        items = List.copyOf(items);
    }

    public int size() {
        return items.size();
    }
}
