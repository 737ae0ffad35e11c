package dev.gnserve.batching;

import dev.gnserve.failure.FailureCode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Event: a batch has run. When a batch fails and its items run again alone, there is one event for the batch and one for
 * each item.
 *
 * @param model name of the model
 * @param version version of the model
 * @param items items that ran together
 * @param again whether this is one item that runs again, alone
 * @param stages how long the batch took; after a failure only {@code infer} is set
 * @param failure why the batch failed, or null
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
