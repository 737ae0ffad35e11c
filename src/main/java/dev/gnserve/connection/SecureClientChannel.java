package dev.gnserve.connection;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;
import org.apache.tomcat.util.net.SecureNioChannel;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.jspecify.annotations.Nullable;

/** Tomcat's channel for TLS, which reports each read and write to its {@link Connection}. */
final class SecureClientChannel extends SecureNioChannel implements ConnectionHolder {

    private final Connection connection;

    SecureClientChannel(SocketBufferHandler buffers, NioEndpoint endpoint, Connection connection) {
        super(buffers, endpoint);
        this.connection = connection;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public void reset(@Nullable SocketChannel channel, @Nullable NioSocketWrapper wrapper) throws IOException {
        super.reset(channel, wrapper);
        if (channel != null) {
            connection.opened(channel, wrapper);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        connection.beforeRead();
        int bytes = super.read(into);
        connection.afterRead(bytes);
        return bytes;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        connection.beforeWrite();
        boolean empty = !from.hasRemaining();
        int bytes = super.write(from);
        if (!empty) {
            connection.afterWrite(bytes);
        }
        return bytes;
    }

    @Override
    public void close() throws IOException {
        connection.closed();
        super.close();
    }
}
