package dev.gnserve.batching;

import dev.gnserve.failure.Failure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A batch that a worker has taken, until all its items have their outcome. Identity is equality. */
final class RunningBatch<T, R> {

    final List<PendingItem<T, R>> items;

    /** Why it was given up; null if it was not. Written by {@link RunningBatches}, and never taken back. */
    volatile @Nullable Failure givenUp;

    RunningBatch(List<PendingItem<T, R>> items) {
        this.items = items;
    }
}
