package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureException;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
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
 * Stands below every reading of a request's body: limits its time and takes room for its bytes. It is a valve of Tomcat and no
 * filter, because the parsing of multipart bodies passes by every filter, and keeps in memory what it has read.
 *
 * <p>Time: Tomcat's own limit begins again with each byte, so that a byte now and then would hold a thread for ever. A client
 * that takes too long looks to the application like one that has fallen silent.
 *
 * <p>Room: what is read takes room in the {@link UploadBudget} until the request is answered. Where there is none in time,
 * reading fails with OVERLOADED, a {@link FailureException} as all failures: Tomcat passes it on, while an exception of
 * its own kind would make it answer 400.
 *
 * <p>What comes behind an answer that was given before the whole body came has to be read and thrown away, as most clients read no
 * answer before they have sent everything. It takes no room; the same time holds for it.
 *
 * <p>Thread-safe.
 */
final class UploadValve extends ValveBase {

    private final UploadBudget budget;
    private final Duration longest;
    private final long mostThrownAway;

    /**
     * A valve for the engine.
     *
     * @param longest from the headers of a request to the last byte of its body
     * @param mostThrownAway bytes behind an early answer; negative for any number, as Tomcat reads it
     */
    UploadValve(UploadBudget budget, Duration longest, long mostThrownAway) {
        super(true);
        this.budget = budget;
        this.longest = longest;
        this.mostThrownAway = mostThrownAway < 0 ? Long.MAX_VALUE : mostThrownAway;
    }

    @Configuration(proxyBeanMethods = false)
    static class OfTomcat {

        @Bean
        WebServerFactoryCustomizer<TomcatServletWebServerFactory> uploadValve(
                UploadBudget budget,
                UploadLimits limits,
                @Value("${server.tomcat.max-swallow-size}") DataSize mostThrownAway) {
            return factory ->
                    factory.addEngineValves(new UploadValve(budget, limits.maxUploadTime(), mostThrownAway.toBytes()));
        }
    }

    @Override
    public void invoke(Request request, Response response) throws IOException, ServletException {
        org.apache.coyote.Request connection = request.getCoyoteRequest();
        InputBuffer unlimited = connection.getInputBuffer();
        InputBuffer timed = new TimedBody(connection, unlimited, System.nanoTime() + longest.toNanos());
        try {
            if (isAnswered(request, response, timed)) {
                connection.setInputBuffer(timed);
                throwAwayTheRest(connection);
            }
        } finally {
            connection.setInputBuffer(unlimited); // The connection uses the same request again.
        }
    }

    /** Has the request answered, and gives its room back. Returns whether its client may still be sending. */
    private boolean isAnswered(Request request, Response response, InputBuffer timed)
            throws IOException, ServletException {
        org.apache.coyote.Request connection = request.getCoyoteRequest();
        try (UploadBudget.Room room = budget.open()) {
            ChargedBody body = new ChargedBody(timed, room);
            connection.setInputBuffer(body);
            getNext().invoke(request, response);
            // A client that waits for "100 Continue" sends nothing until its body is read.
            if (request.isAsync() || (connection.hasExpectation() && !body.isAskedFor())) {
                return false;
            }
            response.finishResponse();
            return true;
        }
    }

    private void throwAwayTheRest(org.apache.coyote.Request connection) {
        try {
            Nowhere nowhere = new Nowhere();
            long thrownAway = 0;
            int count = 0;
            while (count >= 0 && thrownAway <= mostThrownAway) {
                count = connection.doRead(nowhere);
                thrownAway += count;
            }
            if (count >= 0) {
                close(connection);
            }
        } catch (IOException e) {
            close(connection); // The request has its answer: the end of the connection is no failure.
        }
    }

    /** After the answer, without waiting for the rest of the body. */
    private static void close(org.apache.coyote.Request connection) {
        connection.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
    }

    private record TimedBody(org.apache.coyote.Request connection, InputBuffer unlimited, long untilNanos)
            implements InputBuffer {

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (System.nanoTime() - untilNanos > 0) {
                close(connection);
                throw new SocketTimeoutException("the body takes too long");
            }
            return unlimited.doRead(handler);
        }

        @Override
        public int available() {
            return unlimited.available();
        }
    }

    /** The body as the application reads it. */
    private static final class ChargedBody implements InputBuffer {

        private final InputBuffer body;
        private final UploadBudget.Room room;
        private boolean askedFor;
        private @Nullable Failure refusal;

        private ChargedBody(InputBuffer body, UploadBudget.Room room) {
            this.body = body;
            this.room = room;
        }

        /** Whether anything was read: before that, Tomcat tells a client that waits to send. */
        private boolean isAskedFor() {
            return askedFor;
        }

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (refusal != null) {
                throw refusal.asException(); // Tomcat reads on when it closes a part: without waiting for room again.
            }
            askedFor = true;
            int count = body.doRead(handler);
            try {
                room.take(Math.max(0, count));
            } catch (FailureException e) {
                refusal = e.failure();
                throw e;
            }
            return count;
        }

        @Override
        public int available() {
            return body.available();
        }
    }

    /** What was read last, as readers of the connector have to keep it. */
    private static final class Nowhere implements ApplicationBufferHandler {

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
