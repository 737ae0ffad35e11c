package dev.gnserve.jobs;

import dev.gnserve.access.KeyUsed;
import dev.gnserve.failure.MisconfiguredException;
import dev.gnserve.pipeline.ClientConnection;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.catalina.connector.Connector;
import org.apache.coyote.InputBuffer;
import org.apache.coyote.OutputBuffer;
import org.apache.coyote.Request;
import org.apache.coyote.Response;
import org.apache.tomcat.util.buf.MessageBytes;
import org.apache.tomcat.util.http.MimeHeaders;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;

/**
 * Has the web server answer a request that is on disk. The request goes in where Tomcat has parsed one that came by a socket. So it
 * meets the same valves, filters, interceptors and controllers, and nothing of them is written twice. Thread-safe.
 */
final class Replay {

    private static final int CHUNK_BYTES = 1 << 16;
    private static final String LOOPBACK = "127.0.0.1";

    /** They belong to the connection and not to the answer; the response that hands out the answer gets its own. */
    private static final Set<String> OF_CONNECTION =
            Set.of("connection", "keep-alive", "content-length", "transfer-encoding", "date");

    private final Connector connector;
    private final String contextPath;

    private Replay(Connector connector, String contextPath) {
        this.connector = connector;
        this.contextPath = contextPath;
    }

    /** For the web server of the application, which has started. */
    static Replay of(ApplicationContext application) {
        if (application instanceof WebServerApplicationContext web
                && web.getWebServer() instanceof TomcatWebServer server
                && application instanceof org.springframework.web.context.WebApplicationContext context
                && context.getServletContext() != null) {
            return new Replay(
                    server.getTomcat().getConnector(),
                    context.getServletContext().getContextPath());
        }
        throw new MisconfiguredException("gnserve.jobs.dir needs Tomcat as the web server. Leave the property out");
    }

    /**
     * The answer, without its body.
     *
     * @param headers by name
     */
    record Answered(int status, Map<String, String> headers) {}

    /**
     * Has a request answered, on the calling thread.
     *
     * @param answer takes the body of the answer
     * @param client who waits for the answer
     * @throws Exception if the web server fails, which answers failures of the application by itself
     */
    Answered answer(StoredRequest stored, Path upload, OutputStream answer, ClientConnection client) throws Exception {
        try (InputStream body = Files.newInputStream(upload)) {
            Request request = new Request();
            Response response = new Response();
            request.setResponse(response);
            request.setMethod("POST");
            request.scheme().setString("http");
            request.protocol().setString("HTTP/1.1");
            request.serverName().setString("localhost");
            request.remoteAddr().setString(LOOPBACK);
            request.remoteHost().setString(LOOPBACK);
            set(request.requestURI(), contextPath + stored.path());
            if (stored.query() != null) {
                set(request.queryString(), stored.query());
            }
            MimeHeaders headers = request.getMimeHeaders();
            stored.headers().forEach((name, value) -> headers.addValue(name).setString(value));
            request.setContentLength(stored.bytes());
            request.markStartTime();
            request.setInputBuffer(new Body(body));
            response.setOutputBuffer(new Sink(answer));
            request.setAttribute(ClientConnection.ATTRIBUTE, client);
            if (stored.owner() != null) {
                request.setAttribute(KeyUsed.ATTRIBUTE, stored.owner());
            }
            connector.getProtocolHandler().getAdapter().service(request, response);
            return new Answered(response.getStatus(), headers(response));
        }
    }

    private static void set(MessageBytes target, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        target.setBytes(bytes, 0, bytes.length);
    }

    private static Map<String, String> headers(Response response) {
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        MimeHeaders all = response.getMimeHeaders();
        for (int i = 0; i < all.size(); i++) {
            String name = all.getName(i).toString();
            if (!OF_CONNECTION.contains(name.toLowerCase(Locale.ROOT))) {
                headers.merge(name, all.getValue(i).toString(), (one, other) -> one + ", " + other);
            }
        }
        if (response.getContentType() != null) {
            headers.put("Content-Type", response.getContentType());
        }
        return headers;
    }

    /** A body from a file. */
    private record Body(InputStream file) implements InputBuffer {

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            byte[] chunk = new byte[CHUNK_BYTES];
            int count = file.read(chunk);
            if (count > 0) {
                handler.setByteBuffer(ByteBuffer.wrap(chunk, 0, count));
            }
            return count;
        }

        @Override
        public int available() {
            return 0;
        }
    }

    /** A body into a file. */
    private static final class Sink implements OutputBuffer {

        private final OutputStream file;
        private long written;

        private Sink(OutputStream file) {
            this.file = file;
        }

        @Override
        public int doWrite(ByteBuffer chunk) throws IOException {
            byte[] bytes = new byte[chunk.remaining()];
            chunk.get(bytes);
            file.write(bytes);
            written += bytes.length;
            return bytes.length;
        }

        @Override
        public long getBytesWritten() {
            return written;
        }
    }
}
