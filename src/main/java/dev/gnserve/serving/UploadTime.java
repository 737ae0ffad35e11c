package dev.gnserve.serving;

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
 * Ends uploads that never do: Tomcat's own time limit begins again with each byte, so that a byte now and then holds a
 * thread for ever. Laid under the connector's reading, because that of multipart bodies passes by every filter; to whoever
 * reads, a client that takes too long looks like one that has fallen silent.
 *
 * <p>The same time holds for what comes behind an answer that was given before the whole body came. It has to be read and thrown
 * away, as most clients read no answer before they have sent everything.
 */
@Configuration(proxyBeanMethods = false)
class UploadTime {

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> uploadTimes(
            UploadLimits limits, @Value("${server.tomcat.max-swallow-size}") DataSize mostThrownAway) {
        return factory -> factory.addEngineValves(new Limit(limits.maxUploadTime(), mostThrownAway.toBytes()));
    }

    private static final class Limit extends ValveBase {

        private final Duration longest;
        private final long mostThrownAway;

        private Limit(Duration longest, long mostThrownAway) {
            super(true);
            this.longest = longest;
            this.mostThrownAway = mostThrownAway < 0 ? Long.MAX_VALUE : mostThrownAway; // As Tomcat reads it.
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            org.apache.coyote.Request connection = request.getCoyoteRequest();
            InputBuffer unlimited = connection.getInputBuffer();
            connection.setInputBuffer(new Limited(connection, unlimited, System.nanoTime() + longest.toNanos()));
            try {
                getNext().invoke(request, response);
                if (!request.isAsync() && !connection.hasExpectation()) {
                    response.finishResponse();
                    throwAwayTheRest(connection);
                }
            } finally {
                connection.setInputBuffer(unlimited); // The connection uses the same request again.
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
                close(connection); // It was answered: nobody need hear of it.
            }
        }
    }

    /** After the answer, without waiting for the rest of the body. */
    private static void close(org.apache.coyote.Request connection) {
        connection.action(ActionCode.DISABLE_SWALLOW_INPUT, null);
    }

    private record Limited(org.apache.coyote.Request connection, InputBuffer unlimited, long untilNanos)
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
