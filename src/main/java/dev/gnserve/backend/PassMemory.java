package dev.gnserve.backend;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;

/**
 * The native memory that the passes of all models may take together. A pass waits until its part is free, in the order of arrival, so
 * that passes which fit one by one do not end the process side by side. What loaded models hold is taken off. Thread-safe.
 */
public final class PassMemory {

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    /** How long a pass that takes all keeps all. A pass that hangs must not keep other models from theirs. */
    private static final Duration LONGEST_ALONE = Duration.ofSeconds(5);

    private final long planned;
    private final LongPredicate headroom;
    private final Duration longestWait;
    private final Deque<Object> line = new ArrayDeque<>(); // guarded by this, as what follows
    private long models;
    private long taken;
    private long all; // of what is taken, by a pass that took all
    private long allSinceNanos;
    private long lent;

    /** @param bytes for passes and for what loaded models hold */
    public PassMemory(long bytes) {
        this(bytes, more -> true);
    }

    /**
     * @param bytes for passes and for what loaded models hold
     * @param headroom whether the process may grow by so many bytes now. While it may not, a pass waits for those that run
     */
    public PassMemory(long bytes, LongPredicate headroom) {
        this(bytes, headroom, LONGEST_WAIT);
    }

    PassMemory(long bytes, LongPredicate headroom, Duration longestWait) {
        this.planned = bytes;
        this.headroom = headroom;
        this.longestWait = longestWait;
    }

    /** Without a limit: nothing is measured, and no pass waits. */
    public static PassMemory unlimited() {
        return new PassMemory(Long.MAX_VALUE);
    }

    public boolean isLimited() {
        return planned != Long.MAX_VALUE;
    }

    /** Bytes that passes may take together now. */
    public synchronized long total() {
        return Math.max(0, planned - models);
    }

    /** Bytes that loaded models hold. */
    public synchronized long models() {
        return models;
    }

    /** Bytes that passes have taken now. */
    public synchronized long taken() {
        return taken;
    }

    /** A model was loaded or, with a negative number, unloaded. */
    synchronized void modelHolds(long bytes) {
        models += bytes;
        notifyAll();
    }

    /**
     * Takes a part, waiting for it. More than there is takes all of it.
     *
     * @return bytes to be given back
     * @throws dev.gnserve.failure.FailureException with {@code OVERLOADED} when it is not free in time
     */
    synchronized long take(long bytes) {
        Object me = new Object();
        line.add(me);
        long until = System.nanoTime() + longestWait.toNanos();
        boolean interrupted = false;
        try {
            while (line.peek() != me || !mayStart(bytes)) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    throw new Failure(FailureCode.OVERLOADED, tooLong(bytes), RETRY_AFTER, null).asException();
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(this, Math.min(left, LONGEST_ALONE.toNanos() / 5));
                } catch (InterruptedException e) {
                    interrupted = true; // A worker ends with its queue, not by interruption.
                }
            }
            // A pass that fits into the whole never waits for what is lent: the borrower gives way.
            long part = bytes <= total() ? bytes : Math.max(0, total() - lent);
            taken += part;
            return part;
        } finally {
            line.remove(me);
            notifyAll();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** A pass that is alone starts in any case: nothing that it could wait for would give memory back. */
    private boolean mayStart(long bytes) {
        boolean free = taken == 0 || bytes <= total() - lent - takenNow();
        return free && (headroom.test(Math.min(bytes, total()) + lent) || taken == 0);
    }

    /**
     * Takes all, waiting for it, for a pass whose cost is not known. It keeps a half only when it takes long.
     *
     * @return bytes to be given back
     * @throws dev.gnserve.failure.FailureException with {@code OVERLOADED} when it is not free in time
     */
    synchronized long takeAll() {
        long part = take(Long.MAX_VALUE);
        all = part;
        allSinceNanos = System.nanoTime();
        return part;
    }

    private long takenNow() {
        boolean slow = all > 0 && System.nanoTime() - allSinceNanos > LONGEST_ALONE.toNanos();
        return slow ? taken - all / 2 : taken;
    }

    /**
     * Lends a part to work in another process. From now on passes have that much less. The caller waits until it {@link #isOverdrawn is
     * not overdrawn} before it uses the part, and gives way when it is overdrawn later: a pass took more than was left.
     *
     * @param bytes to be given back with {@link #takeBack}
     */
    public synchronized void lend(long bytes) {
        lent += bytes;
    }

    /** Ends {@link #lend}. */
    public synchronized void takeBack(long bytes) {
        lent -= bytes;
        notifyAll();
    }

    /** Whether passes have taken a part of what is lent. */
    public synchronized boolean isOverdrawn() {
        return lent > 0 && lent > total() - takenNow();
    }

    private String tooLong(long bytes) {
        return "a pass needs %,d MB of native memory, but others have held %,d of %,d MB for %d s"
                .formatted(megabytes(bytes), megabytes(taken), megabytes(total()), longestWait.toSeconds());
    }

    synchronized void giveBack(long part) {
        taken -= part;
        all = part == all ? 0 : all;
        notifyAll();
    }

    static long megabytes(long bytes) {
        return bytes >> 20;
    }
}
