package dev.gnserve.pipeline;

import jakarta.servlet.ServletRequest;
import org.jspecify.annotations.Nullable;

/** A part of a {@link Budget}, held until it is closed. Closing it again does nothing. Thread-safe. */
public final class Share implements AutoCloseable {

    private static final String OF_BODY = Share.class.getName();

    private final Budget budget;
    private int amount; // guarded by this

    Share(Budget budget, int amount) {
        this.budget = budget;
        this.amount = amount;
    }

    /** Makes this the share that the body of a request takes. */
    void becomeThatOfBody(ServletRequest request) {
        request.setAttribute(OF_BODY, this);
    }

    /** The share that the body of a request takes; null for a request that did not come through {@link UploadValve}. */
    static @Nullable Share ofBody(ServletRequest request) {
        return (Share) request.getAttribute(OF_BODY);
    }

    /** The whole budget. */
    long most() {
        return budget.total();
    }

    /**
     * Takes more, at most up to the whole budget.
     *
     * @throws dev.gnserve.failure.FailureException OVERLOADED if it is not free in time; the share then stays as it was
     */
    synchronized void growBy(long more) {
        amount += budget.grow(amount, more);
    }

    /** Gives back what exceeds {@code wanted}. */
    synchronized void reduceTo(long wanted) {
        int kept = (int) Math.min(wanted, amount);
        budget.release(amount - kept);
        amount = kept;
    }

    @Override
    public void close() {
        reduceTo(0);
    }
}
