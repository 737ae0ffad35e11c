package dev.gnserve.serving;

import jakarta.servlet.ServletException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.apache.coyote.InputBuffer;
import org.apache.tomcat.util.net.ApplicationBufferHandler;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Ends uploads that never do: Tomcat's own time limit begins again with each byte, so that a byte now and then holds a
 * thread for ever. Laid under the connector's reading, because that of multipart bodies passes by every filter; to whoever
 * reads, a client that takes too long looks like one that has fallen silent.
 */
@Configuration(proxyBeanMethods = false)
class UploadTime {

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> uploadTimes(UploadLimits limits) {
        return factory -> factory.addEngineValves(new Limit(limits.maxUploadTime()));
    }

    private static final class Limit extends ValveBase {

        private final Duration longest;

        private Limit(Duration longest) {
            super(true);
            this.longest = longest;
        }

        @Override
        public void invoke(Request request, Response response) throws IOException, ServletException {
            org.apache.coyote.Request connection = request.getCoyoteRequest();
            InputBuffer unlimited = connection.getInputBuffer();
            connection.setInputBuffer(new Limited(connection, unlimited, System.nanoTime() + longest.toNanos()));
            try {
                getNext().invoke(request, response);
            } finally {
                connection.setInputBuffer(unlimited); // The connection uses the same request again.
            }
        }
    }

    private record Limited(org.apache.coyote.Request connection, InputBuffer unlimited, long untilNanos)
            implements InputBuffer {

        @Override
        public int doRead(ApplicationBufferHandler handler) throws IOException {
            if (System.nanoTime() - untilNanos > 0) {
                connection.action(ActionCode.DISABLE_SWALLOW_INPUT, null); // Nor is the rest awaited after the answer.
                throw new SocketTimeoutException("the body takes too long");
            }
            return unlimited.doRead(handler);
        }

        @Override
        public int available() {
            return unlimited.available();
        }
    }
}
