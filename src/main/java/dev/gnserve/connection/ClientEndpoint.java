package dev.gnserve.connection;

import java.nio.channels.SocketChannel;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.Lock;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.apache.tomcat.util.threads.ThreadPoolExecutor;

/**
 * Tomcat's connections, each with its {@link Connection}. When almost as many as allowed are open, those that have been silent for the
 * longest time are closed, so that the next client, and a probe, can connect. Tomcat itself would accept no connection until one ends.
 */
final class ClientEndpoint extends NioEndpoint {

    /** One connection of so many is kept free. Those are closed at the same time, as finding them takes a look at all. */
    private static final int SPARE_SHARE = 100;

    private volatile SlowClients slow = SlowClients.unlimited();

    ClientEndpoint() {
        getSocketProperties().setBufferPool(0); // A channel belongs to one client, and is not used again for another.
    }

    void limit(SlowClients limited) {
        slow = limited;
    }

    @Override
    public Executor getExecutor() {
        Executor threads = super.getExecutor();
        return threads instanceof ThreadPoolExecutor pool ? new LimitedThreads(pool, slow) : threads;
    }

    @Override
    protected NioChannel createChannel(SocketBufferHandler buffers) {
        Connection connection = new Connection(slow);
        return isSSLEnabled()
                ? new SecureClientChannel(buffers, this, connection)
                : new ClientChannel(buffers, connection);
    }

    @Override
    protected boolean setSocketOptions(SocketChannel socket) {
        boolean accepted = super.setSocketOptions(socket);
        int most = getMaxConnections();
        int spare = 1 + most / SPARE_SHARE;
        if (most > 0 && getConnectionCount() > most - spare) {
            closeSilent(spare, socket);
        }
        return accepted;
    }

    private void closeSilent(int count, SocketChannel except) {
        List<SilentConnection> longest = getConnections().stream()
                .filter(connection -> connection instanceof NioSocketWrapper)
                .filter(connection -> connection.getSocket().getIOChannel() != except)
                .map(connection -> new SilentConnection(connection, ((NioSocketWrapper) connection).getLastRead()))
                .sorted(Comparator.comparingLong(SilentConnection::sinceMillis))
                .toList();
        int closed = 0;
        for (SilentConnection silent : longest) {
            if (closed == count) {
                return;
            }
            closed += closeIfNoRequest(silent.wrapper()) ? 1 : 0;
        }
    }

    private record SilentConnection(SocketWrapperBase<NioChannel> wrapper, long sinceMillis) {}

    /** Tomcat holds the lock of a connection while a thread reads, answers or refuses a request. */
    private static boolean closeIfNoRequest(SocketWrapperBase<NioChannel> connection) {
        Lock request = connection.getLock();
        if (!request.tryLock()) {
            return false;
        }
        try {
            connection.close();
            return true;
        } finally {
            request.unlock();
        }
    }
}
