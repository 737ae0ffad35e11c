package dev.gnserve.connection;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import org.apache.coyote.Request;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;
import org.jspecify.annotations.Nullable;

/**
 * The connection of one client: whether it is closed, and how fast the client moves the bytes of a request. Tomcat's blocking reads and
 * writes wait after their channel has moved no byte; at that moment the wait is counted ({@link SlowClients}).
 *
 * <p>Only the thread of a request uses it, except that any thread may {@link #end} a wait.
 */
public final class Connection {

    /** Bytes that a client must move in a time to count as fast enough. */
    static final int BLOCK_BYTES = 16 * 1024;

    /** Index among the notes that Tomcat keeps with its request objects; its own code uses the first ones. */
    static final int NOTE = 30;

    private final SlowClients slow;
    private @Nullable NioSocketWrapper wrapper;
    private @Nullable SocketChannel socket;

    private long bodyUntilNanos;
    private long responseUntilNanos;
    private boolean readsBody;
    private boolean responseWaited;
    private boolean hasUpload;
    private boolean waits;
    private int bytesOfBlock;

    private volatile long blockBeganNanos = System.nanoTime();
    private volatile boolean wholeBody;
    private volatile boolean writes;
    private volatile boolean inputEnded;
    private volatile boolean outputEnded;

    Connection(SlowClients slow) {
        this.slow = slow;
    }

    /** The connection of a request; one without limits that counts as open if Tomcat has another protocol or server. */
    public static Connection of(Request request) {
        Connection connection =
                request.getNote(NOTE) instanceof ClientProcessor processor ? processor.connection() : null;
        return connection == null ? new Connection(SlowClients.unlimited()) : connection;
    }

    void opened(SocketChannel channel, @Nullable NioSocketWrapper socketWrapper) {
        socket = channel;
        wrapper = socketWrapper;
    }

    /**
     * Whether the client has closed its side. Tells it only if no bytes of a next request have arrived. Keeps what it reads in the
     * socket's own buffer, from which the next request is parsed: the buffer of the request still holds bytes behind the body that only
     * the body's filter knows of.
     */
    public boolean isClosed() {
        if (wrapper == null) {
            return false;
        }
        try {
            wrapper.isReadyForRead();
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    /**
     * A request begins.
     *
     * @param untilNanos when the last byte of its body must have arrived
     */
    public void beginRequest(long untilNanos) {
        bodyUntilNanos = untilNanos;
        responseWaited = false;
        wholeBody = false;
        writes = false;
        beginBlock();
    }

    /** Moves the moment when the last byte of the body must have arrived. */
    public void bodyMayTakeUntil(long nanos) {
        bodyUntilNanos = nanos;
    }

    /** The memory of the body is free again. */
    public void freesBody() {
        if (hasUpload) {
            hasUpload = false;
            slow.endUpload(this);
        }
    }

    /** Bytes of the body are now held in memory. */
    public void holdsBody() {
        if (!hasUpload) {
            hasUpload = true;
            slow.startUpload(this);
        }
    }

    /** All bytes of the body have arrived. */
    public void bodyEnds() {
        wholeBody = true;
    }

    /** Has the slowest client give way, when there is no memory for more of this body. Returns whether to try again. */
    public boolean makeRoom() {
        return slow.makeRoom(this);
    }

    /** A read of the body begins or ends. Only such reads wait for the client. */
    public void readsBody(boolean reads) {
        readsBody = reads;
        if (!reads) {
            endWait();
        }
    }

    void beforeRead() throws IOException {
        endWait();
        if (!readsBody) {
            return;
        }
        if (inputEnded) {
            throw new ClientTooSlowException();
        }
        if (System.nanoTime() - bodyUntilNanos > 0) {
            throw new SocketTimeoutException("the body takes too long");
        }
    }

    void afterRead(int bytes) {
        if (!readsBody) {
            return;
        }
        if (bytes > 0) {
            moved(bytes);
        } else if (bytes == 0) {
            writes = false;
            startWait();
        }
    }

    void beforeWrite() throws IOException {
        endWait();
        if (outputEnded) {
            throw new ClientTooSlowException();
        }
        if (responseWaited && System.nanoTime() - responseUntilNanos > 0) {
            throw new SocketTimeoutException("the client takes too long to read the response");
        }
    }

    void afterWrite(int bytes) {
        if (bytes > 0) {
            moved(bytes);
            return;
        }
        if (!responseWaited) {
            responseWaited = true;
            responseUntilNanos = System.nanoTime() + slow.longestResponse().toNanos();
            beginBlock();
        }
        writes = true;
        startWait();
    }

    void closed() {
        endWait();
        freesBody();
    }

    private void moved(int bytes) {
        bytesOfBlock += bytes;
        if (bytesOfBlock >= BLOCK_BYTES) {
            beginBlock();
        }
    }

    private void beginBlock() {
        bytesOfBlock = 0;
        blockBeganNanos = System.nanoTime();
    }

    private void startWait() {
        slow.startWait(this);
        waits = true;
    }

    private void endWait() {
        if (waits) {
            waits = false;
            slow.endWait(this);
        }
    }

    long blockBeganNanos() {
        return blockBeganNanos;
    }

    boolean hasWholeBody() {
        return wholeBody;
    }

    /**
     * Ends the wait for this client, or its next one. A body is then refused, with a response. A response is cut off; the client has not
     * read what was sent before. The thread wakes up, because a socket that is shut down is ready.
     */
    void end() {
        boolean output = writes;
        outputEnded |= output;
        inputEnded |= !output;
        if (socket == null) {
            return;
        }
        try {
            if (output) {
                socket.setOption(StandardSocketOptions.SO_LINGER, 0); // The kernel keeps nothing for this client.
                socket.shutdownOutput();
            } else {
                socket.shutdownInput();
            }
        } catch (IOException e) {
            // Closed already: no thread waits.
        }
    }
}
