package dev.gnserve.batching;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Hears of every batch, on the worker's thread, before the items' futures complete: it must be quick. */
@FunctionalInterface
public interface BatchListener {

    void batchCompleted(BatchCompleted batch);

    /**
     * An item is submitted, on the thread that submits it.
     *
     * @return what should come back with the item's batches, for example whose item it is; null for nothing
     */
    default @Nullable Object submitted() {
        return null;
    }

    /** On the thread that died. */
    default void workerReplaced(WorkerReplaced replaced) {}

    /** Tells all of them, in their order; of what they give for an item, the first that is something comes back. */
    static BatchListener all(List<BatchListener> listeners) {
        List<BatchListener> all = List.copyOf(listeners);
        return new BatchListener() {
            @Override
            public void batchCompleted(BatchCompleted batch) {
                all.forEach(listener -> listener.batchCompleted(batch));
            }

            @Override
            public @Nullable Object submitted() {
                return all.stream()
                        .map(BatchListener::submitted)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElse(null);
            }

            @Override
            public void workerReplaced(WorkerReplaced replaced) {
                all.forEach(listener -> listener.workerReplaced(replaced));
            }
        };
    }
}
