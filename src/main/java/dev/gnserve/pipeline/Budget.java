package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A limited amount, such as of decoded pixels, of which every request takes a {@link Share}. It bounds the memory of all requests
 * together, where limits of one request do not bound their sum. A request that does not get its share waits for a moment, in the order
 * of arrival, and is then refused. Thread-safe.
 */
class Budget {

    static final Duration PATIENCE = Duration.ofSeconds(1);

    private final int total;
    private final Semaphore free;
    private final Duration patience;
    private final String refusal;

    /**
     * @param total of the budget; more than {@link Integer#MAX_VALUE} counts as that
     * @param refusal the message of a refusal; a format for three numbers: what is taken, what was asked for, and the total
     */
    Budget(long total, Duration patience, String refusal) {
        this.total = Math.toIntExact(Math.min(total, Integer.MAX_VALUE));
        this.free = new Semaphore(this.total, true);
        this.patience = patience;
        this.refusal = refusal;
    }

    final int total() {
        return total;
    }

    /**
     * Takes a share. A request for more than the whole budget gets the whole budget.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED if the share is not free in time
     */
    public final Share take(long amount) {
        return take(amount, patience);
    }

    /** As {@link #take(long)}, with another limit of the wait. */
    final Share take(long amount, Duration wait) {
        return new Share(this, acquire(amount, wait));
    }

    /** As {@link #take(long)}, without waiting: null if the share is not free now, or other requests wait for theirs. */
    final @Nullable Share takeAtOnce(long amount) {
        int wanted = (int) Math.min(amount, total);
        return tryAcquire(wanted, Duration.ZERO) ? new Share(this, wanted) : null;
    }

    /** Whether requests hold shares now. */
    final boolean isTaken() {
        return free.availablePermits() < total;
    }

    /** Adds to a share that holds {@code held}, which never exceeds the whole budget. Returns how much was added. */
    final int grow(int held, long more) {
        return acquire(Math.min(more, total - held), patience);
    }

    final void release(int amount) {
        free.release(amount);
    }

    private int acquire(long amount, Duration wait) {
        int wanted = (int) Math.min(amount, total);
        if (!tryAcquire(wanted, wait)) {
            String reason = refusal.formatted(total - free.availablePermits(), wanted, total);
            throw new Failure(FailureCode.OVERLOADED, reason, PATIENCE, null).asException();
        }
        return wanted;
    }

    private boolean tryAcquire(int wanted, Duration wait) {
        if (wanted == 0) {
            return true; // A fair semaphore queues a request for nothing, too.
        }
        try {
            return free.tryAcquire(wanted, wait.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
