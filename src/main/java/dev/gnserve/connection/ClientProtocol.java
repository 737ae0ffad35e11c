package dev.gnserve.connection;

import org.apache.coyote.Adapter;
import org.apache.coyote.Processor;
import org.apache.coyote.http11.Http11NioProtocol;

/** Tomcat's HTTP/1.1, which limits the threads that wait for clients. Public because Tomcat creates it by its name. */
public final class ClientProtocol extends Http11NioProtocol {

    private final ClientEndpoint endpoint;

    public ClientProtocol() {
        this(new ClientEndpoint());
    }

    private ClientProtocol(ClientEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    /** For connections that are opened from now on. */
    public void limit(SlowClients slow) {
        endpoint.limit(slow);
    }

    @Override
    public void setAdapter(Adapter adapter) {
        super.setAdapter(new UnreadBodies(adapter));
    }

    @Override
    protected Processor createProcessor() {
        return new ClientProcessor(this, getAdapter());
    }
}
