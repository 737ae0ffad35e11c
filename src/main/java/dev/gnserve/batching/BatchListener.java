package dev.gnserve.batching;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Receives the events of a {@link Batcher}. Must be fast and thread-safe. */
@FunctionalInterface
public interface BatchListener {

    /** A batch has run. Called on the worker's thread, before the items' futures complete. */
    void batchCompleted(BatchCompleted batch);

    /**
     * An item is submitted. Called on the thread that submits it.
     *
     * @return where the item comes from, such as its request: {@link BatchedItem#origin} of the item's batches; or null
     */
    default @Nullable Object submitted() {
        return null;
    }

    /** A worker was replaced. Called on the thread of the worker that died. */
    default void workerReplaced(WorkerReplaced replaced) {}

    /** Calls all listeners, in their order. The origin of an item is the first that is not null. */
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
