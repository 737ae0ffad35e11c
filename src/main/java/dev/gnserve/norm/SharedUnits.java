package dev.gnserve.norm;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The units of one call, which several threads take one by one.
 *
 * <p>The calling thread waits for units, not for threads: one that comes after the last unit was taken finds nothing to do,
 * so an executor without a free thread cannot hold a call up, even when its threads are such callers themselves.
 */
final class SharedUnits {

    private final int count;
    private final AtomicInteger next = new AtomicInteger();
    private final CountDownLatch open;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    SharedUnits(int count) {
        this.count = count;
        this.open = new CountDownLatch(count);
    }

    /** Normalizes units until none is left. */
    void take(UnitNormalizer pass) {
        for (int unit = next.getAndIncrement(); unit < count; unit = next.getAndIncrement()) {
            try {
                pass.normalizeUnit(unit);
            } catch (RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            } finally {
                open.countDown();
            }
        }
    }

    /** Waits until every unit is done, whoever took it. */
    void await() {
        boolean interrupted = false;
        while (true) {
            try {
                open.await();
                break;
            } catch (InterruptedException e) {
                // Others still write to the caller's arrays: the call cannot return before they are done.
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        Throwable thrown = failure.get();
        if (thrown != null) {
            throw new IllegalStateException("A shared part of a Group Normalization failed", thrown);
        }
    }
}
