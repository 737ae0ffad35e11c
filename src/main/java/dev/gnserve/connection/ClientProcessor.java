package dev.gnserve.connection;

import org.apache.coyote.Adapter;
import org.apache.coyote.http11.Http11Processor;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/** Tomcat's processor of requests, which leads from a request to its {@link Connection}. It serves one connection after the other. */
final class ClientProcessor extends Http11Processor {

    @SuppressWarnings("this-escape") // The request exists already.
    ClientProcessor(ClientProtocol protocol, Adapter adapter) {
        super(protocol, adapter);
        getRequest().setNote(Connection.NOTE, this);
    }

    /** The connection of the request in progress. */
    @Nullable
    Connection connection() {
        SocketWrapperBase<?> wrapper = getSocketWrapper();
        return wrapper != null && wrapper.getSocket() instanceof ConnectionHolder holder ? holder.connection() : null;
    }
}
