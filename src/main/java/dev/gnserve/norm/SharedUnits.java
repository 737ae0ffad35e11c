package dev.gnserve.norm;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The units of one call, which several threads take one by one. Thread-safe.
 *
 * <p>The calling thread waits for units, not for threads. So an executor without a free thread cannot block a call, even if the
 * callers are its own threads: a task that starts after the last unit was taken has nothing to do.
 */
final class SharedUnits {

    private final int count;
    private final AtomicInteger next = new AtomicInteger();
    private final CountDownLatch unfinished;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    SharedUnits(int count) {
        this.count = count;
        this.unfinished = new CountDownLatch(count);
    }

    /** Takes and normalizes units until none is left. */
    void normalize(UnitNormalizer normalizer) {
        for (int unit = next.getAndIncrement(); unit < count; unit = next.getAndIncrement()) {
            try {
                normalizer.normalizeUnit(unit);
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                unfinished.countDown();
            }
        }
    }

    /** Waits until all units are done. */
    void await() {
        boolean interrupted = false;
        while (true) {
            try {
                unfinished.await();
                break;
            } catch (InterruptedException e) {
                // Keep waiting: other threads still write to the caller's arrays.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("A thread failed in a Group Normalization", thrown);
        }
    }
}
