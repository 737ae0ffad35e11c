package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What all requests together may hold of something that takes memory, so that many cannot take more than there is although
 * each is within the limits. A request that finds no room waits a moment, in the order of arrival. Thread-safe.
 */
final class Budget {

    static final Duration PATIENCE = Duration.ofSeconds(1);

    private final int total;
    private final Semaphore free;
    private final Duration patience;
    private final String refusal;

    /**
     * @param total of the budget; what is beyond an int is left out
     * @param refusal says why there is no room, of three numbers: what is taken, what is wanted and the total
     */
    Budget(long total, Duration patience, String refusal) {
        this.total = Math.toIntExact(Math.min(total, Integer.MAX_VALUE));
        this.free = new Semaphore(this.total, true);
        this.patience = patience;
        this.refusal = refusal;
    }

    int total() {
        return total;
    }

    /**
     * Takes a share; who wants more than the whole budget gets the whole budget.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED when there is no room in time
     */
    Taken take(long amount) {
        return take(amount, patience);
    }

    /** As {@link #take(long)}, waiting for longer or less long. */
    Taken take(long amount, Duration wait) {
        Taken share = new Taken();
        share.amount = acquire(Math.min(amount, total), wait);
        return share;
    }

    /** As {@link #take} without waiting: null when there is no room now. */
    @Nullable
    Taken takeAtOnce(long amount) {
        int wanted = (int) Math.min(amount, total);
        try {
            if (!free.tryAcquire(wanted, 0, TimeUnit.NANOSECONDS)) { // Unlike tryAcquire(), behind those who wait.
                return null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
        Taken share = new Taken();
        share.amount = wanted;
        return share;
    }

    /** Takes this much, at most the whole budget, and gives how much that is. */
    private int acquire(long amount, Duration wait) {
        int wanted = Math.toIntExact(amount);
        boolean taken;
        try {
            taken = free.tryAcquire(wanted, wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            taken = false;
        }
        if (!taken) {
            String reason = refusal.formatted(total - free.availablePermits(), wanted, total);
            throw new Failure(FailureCode.OVERLOADED, reason, PATIENCE, null).asException();
        }
        return wanted;
    }

    /** A share of a budget, until it is closed; closing it again does nothing. */
    final class Taken implements Share {

        private int amount;

        private Taken() {}

        /**
         * Takes more, and keeps what it has if there is not as much.
         *
         * @throws dev.gnserve.failure.FailureException OVERLOADED when there is no room in time
         */
        synchronized void growBy(long more) {
            if (more > 0) {
                amount += acquire(more, patience);
            }
        }

        @Override
        public synchronized void reduceTo(long wanted) {
            int kept = (int) Math.min(wanted, amount);
            free.release(amount - kept);
            amount = kept;
        }

        @Override
        public void close() {
            reduceTo(0);
        }
    }
}
