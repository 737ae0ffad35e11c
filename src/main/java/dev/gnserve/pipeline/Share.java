package dev.gnserve.pipeline;

/** A part of a {@link Budget}, held until it is closed. Closing it again does nothing. Thread-safe. */
public final class Share implements AutoCloseable {

    private final Budget budget;
    private int amount; // guarded by this

    Share(Budget budget, int amount) {
        this.budget = budget;
        this.amount = amount;
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
