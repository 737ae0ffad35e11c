package dev.gnserve.pipeline;

import dev.gnserve.connection.ClientTooSlowException;
import dev.gnserve.connection.Connection;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.problem.MultipartStart;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.util.unit.DataSize;

/**
 * Limits the time of a request's body, and counts its bytes against the {@link UploadBudget}. It is a Tomcat valve, not a filter:
 * Tomcat parses multipart bodies outside of filters, and keeps what it has read in memory.
 *
 * <p>Time: Tomcat's own timeout starts again with each byte, so that a client that sends a byte now and then would hold a thread for
 * ever. When this limit passes, reading fails as it does for a silent client.
 *
 * <p>Bytes: what is read belongs to a share of the budget until the response is finished. If the budget is exhausted, the slowest
 * client gives way. Its reading fails with OVERLOADED. That is a {@link FailureException}, not an {@link IOException}, for which Tomcat
 * would answer 400. So does the reading of a client that gives way because too many threads wait for clients
 * ({@link dev.gnserve.connection.SlowClients}).
 *
 * <p>If the response is finished before the whole body has arrived, the rest is read and discarded: most clients read no response
 * before they have sent everything. The rest takes nothing of the budget; the same time limit holds for it.
 *
 * <p>Thread-safe.
 */
final class UploadValve extends ValveBase {

    /** How often a body asks for memory that slower clients have given back. */
    private static final int MOST_ATTEMPTS = 3;

    private final UploadBudget budget;
    private final Duration longest;
    private final long maxDiscarded;

    /**
     * For the rest of a body whose response took longer than a body may. It is often a line break that has arrived long ago; if the connection
     * were closed for it, the next request of this client would get no answer.
     */
    private static final Duration REST = Duration.ofSeconds(5);

    /**
     * A valve for Tomcat's engine.
     *
     * @param longest from the headers of a request to the last byte of its body
     * @param maxDiscarded bytes that are discarded after an early response; negative for any number, as in Tomcat's settings
     */
    UploadValve(UploadBudget budget, Duration longest, long maxDiscarded) {
        super(true);
        this.budget = budget;
        this.longest = longest;
        this.maxDiscarded = maxDiscarded < 0 ? Long.MAX_VALUE : maxDiscarded;
    }

    @Configuration(proxyBeanMethods = false)
    static class OfTomcat {

        @Bean
        WebServerFactoryCustomizer<TomcatServletWebServerFactory> uploadValve(
                UploadBudget budget,
                UploadLimits limits,
                @Value("${server.tomcat.max-swallow-size}") DataSize maxDiscarded) {
            return factory ->
                    factory.addEngineValves(new UploadValve(budget, limits.maxUploadTime(), maxDiscarded.toBytes()));
        }
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        org.apache.coyote.Request connection = request.getCoyoteRequest();
        InputBuffer unlimited = connection.getInputBuffer();
        Connection client = Connection.of(connection);
        long until = System.nanoTime() + longest.toNanos();
        InputBuffer timed = new TimedBody(connection, unlimited, until, client);
        client.beginRequest(until);
        try {
            if (answer(request, response, timed, client)) {
                long restUntil = Math.max(until - System.nanoTime(), REST.toNanos()) + System.nanoTime();
                client.bodyMayTakeUntil(restUntil);
                connection.setInputBuffer(new TimedBody(connection, unlimited, restUntil, client));
                discardRest(connection);
            }
        } finally {
            connection.setInputBuffer(unlimited); // The connection reuses this object for its next request.
        }
    }

    /** Has the request answered, and closes its share. Returns whether the rest of the body must be read. */
    private boolean answer(Request request, Response response, InputBuffer timed, Connection client)
            throws IOException, ServletException {
        org.apache.coyote.Request connection = request.getCoyoteRequest();
        try (Share share = budget.take(0)) {
            CountedBody body = new CountedBody(timed, share, client, response);
            connection.setInputBuffer(body);
            share.becomeThatOfBody(request);
            getNext().invoke(request, response);
            // A client that waits for "100 Continue" sends nothing before its body is read.
            if (request.isAsync() || (connection.hasExpectation() && !body.isRead)) {
                return false;
            }
            response.finishResponse();
            return true;
        } finally {
            client.freesBody(); // After the share is closed.
        }
    }

    private void discardRest(org.apache.coyote.Request connection) {
        try {
            Discarded handler = new Discarded();
            long discarded = 0;
            int count = 0;
            while (count >= 0 && discarded <= maxDiscarded) {
                count = connection.doRead(handler);
                discarded += count;
            }
            if (count >= 0) {
                close(connection);
            }
        } catch (IOException e) {
            close(connection); // The response is finished: the end of the connection is no failure.
        }
    }

    /** Has Tomcat close the connection after the response, without reading the rest of the body. */
    private static void close(org.apache.coyote.Request connection) {
        connection.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
    }

    private static boolean isFullyRead(org.apache.coyote.Request connection) {
        AtomicBoolean read = new AtomicBoolean();
        connection.action(ActionCode.REQUEST_BODY_FULLY_READ, read);
        return read.get();
    }

    /** A body that fails when its time has passed. */
    private record TimedBody(
            org.apache.coyote.Request connection, InputBuffer unlimited, long untilNanos, Connection client)
            implements InputBuffer {

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (System.nanoTime() - untilNanos > 0) {
                close(connection);
                throw new SocketTimeoutException("the body takes too long");
            }
            client.readsBody(true);
            try {
                return unlimited.doRead(handler);
            } finally {
                client.readsBody(false);
            }
        }

        @Override
        public int available() {
            return unlimited.available();
        }
    }

    /** A body whose bytes count against the budget. */
    private static final class CountedBody implements InputBuffer {

        private final InputBuffer body;
        private final Share share;
        private final Connection client;
        private final Response response;
        private boolean isRead;
        private @Nullable Failure refusal;

        private CountedBody(InputBuffer body, Share share, Connection client, Response response) {
            this.body = body;
            this.share = share;
            this.client = client;
            this.response = response;
        }

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (refusal != null) {
                throw refusal.asException(); // Tomcat reads on when it closes a part. That must not wait again.
            }
            isRead = true;
            int count;
            try {
                count = body.doRead(handler);
            } catch (ClientTooSlowException e) {
                throw tooSlow(e);
            }
            if (count > 0) {
                client.holdsBody();
                grow(count);
                MultipartStart.remember(response.getRequest(), handler.getByteBuffer());
            }
            if (count < 0 || isFullyRead(response.getRequest().getCoyoteRequest())) {
                client.bodyEnds();
            }
            return count;
        }

        private void grow(int count) {
            for (int attempt = 1; ; attempt++) {
                try {
                    share.growBy(count);
                    return;
                } catch (FailureException e) {
                    if (attempt == MOST_ATTEMPTS || !client.makeRoom()) {
                        refusal = e.failure();
                        throw e;
                    }
                }
            }
        }

        /** Its connection takes no more bytes. The response says so. */
        private FailureException tooSlow(ClientTooSlowException cause) {
            response.setHeader("Connection", "close");
            refusal = new Failure(
                    FailureCode.OVERLOADED,
                    "the body arrived too slowly, and the service needed its place for other clients"
                            + " (gnserve.limits.max-waiting-clients, gnserve.limits.max-upload-size-in-flight)."
                            + " Send the request again in a moment.",
                    Budget.PATIENCE,
                    cause);
            return refusal.asException();
        }

        @Override
        public int available() {
            return body.available();
        }
    }

    /** Discards what is read. The connector requires that its reader keeps the last buffer. */
    private static final class Discarded implements ApplicationBufferHandler {

        private @Nullable ByteBuffer last;

        @Override
        public void setByteBuffer(@Nullable ByteBuffer buffer) {
            last = buffer;
        }

        @Override
        public @Nullable ByteBuffer getByteBuffer() {
            return last;
        }

        @Override
        public void expand(int size) {}
    }
}
