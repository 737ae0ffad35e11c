package dev.gnserve.connection;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.Set;

/**
 * Limits the threads that wait for clients: for more of a body, or for room to write more of a response. When the limit is reached, the
 * client that has been slow for the longest time gives way to the next one. So slow clients never take the threads of others (decision
 * 0022).
 *
 * <p>A client is as slow as its current block of {@value Connection#BLOCK_BYTES} bytes is old: bytes that it sent fast a while ago do not
 * count, nor do single bytes now and then.
 *
 * <p>Thread-safe. Never calls out to code that waits.
 */
public final class SlowClients {

    /** In this time the others have found the memory that a client gave back. */
    private static final Duration FOUND = Duration.ofMillis(200);

    private final Duration longestResponse;

    private int limit; // guarded by this, as the fields below
    private final Set<Connection> waiting = new HashSet<>();
    private final Set<Connection> uploads = new HashSet<>();
    private final Set<Connection> leaving = new HashSet<>();
    private long leftNanos = System.nanoTime() - FOUND.toNanos();

    /**
     * @param limit of the threads that wait, 1 or more
     * @param longestResponse from the first wait of a response to its last byte
     */
    public SlowClients(int limit, Duration longestResponse) {
        this.limit = limit;
        this.longestResponse = longestResponse;
    }

    /** For connections that are not limited. */
    static SlowClients unlimited() {
        return new SlowClients(Integer.MAX_VALUE, Duration.ofDays(1));
    }

    Duration longestResponse() {
        return longestResponse;
    }

    /** The threads that wait now. */
    public synchronized int waiting() {
        return waiting.size();
    }

    /** Lowers the limit. The clients above it give way. */
    synchronized void lower(int lowerLimit) {
        limit = Math.min(limit, lowerLimit);
        while (waiting.size() > limit) {
            giveWay(slowest(waiting));
        }
    }

    /** Counts a thread that is about to wait. */
    synchronized void startWait(Connection connection) {
        if (waiting.size() >= limit) {
            giveWay(slowest(waiting));
        }
        waiting.add(connection);
    }

    synchronized void endWait(Connection connection) {
        waiting.remove(connection);
    }

    /** From the first byte of a body to the moment that its memory is free again. */
    synchronized void startUpload(Connection connection) {
        uploads.add(connection);
    }

    synchronized void endUpload(Connection connection) {
        uploads.remove(connection);
        if (leaving.remove(connection)) {
            leftNanos = System.nanoTime();
        }
    }

    /**
     * Called when there was no memory for more of a body. Of all clients whose bodies are in memory and that are waited for, the slowest
     * gives way. One at a time does, so that of several bodies that need memory at the same moment, not all are refused.
     *
     * @return whether to try again; false if {@code connection} has to give way itself
     */
    synchronized boolean makeRoom(Connection connection) {
        if (!uploads.contains(connection)) {
            return false;
        }
        if (!leaving.isEmpty() || System.nanoTime() - leftNanos < FOUND.toNanos()) {
            return true;
        }
        Connection slowest = slowest(uploads.stream()
                .filter(upload -> upload == connection || !upload.hasWholeBody() || waiting.contains(upload))
                .toList());
        if (slowest != connection) {
            giveWay(slowest);
            return true;
        }
        uploads.remove(connection);
        leaving.add(connection);
        return false;
    }

    private void giveWay(Connection slowest) {
        waiting.remove(slowest);
        if (uploads.remove(slowest)) {
            leaving.add(slowest);
        }
        slowest.end();
    }

    private static Connection slowest(Collection<Connection> connections) {
        long now = System.nanoTime();
        return Collections.max(connections, Comparator.comparingLong(c -> now - c.blockBeganNanos()));
    }
}
