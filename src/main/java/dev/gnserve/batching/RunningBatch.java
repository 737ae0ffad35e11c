package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A batch that a worker has taken from the queue, until all its items have their outcome. Equality is identity. */
final class RunningBatch<T, R> {

    final List<PendingItem<T, R>> items;

    /** Why it was given up; null if it was not. Set at most once, by {@link RunningBatches}. */
    volatile @Nullable Failure givenUp;

    RunningBatch(List<PendingItem<T, R>> items) {
        this.items = items;
    }
}
