package dev.gnserve.pipeline;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import org.apache.catalina.Valve;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.coyote.ActionCode;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Whether the client of a request is still there. The Servlet API tells only whoever writes to it, which is too late to
 * save the work; Tomcat's connector tells whoever reads (decision 0016). Only the thread of the request may ask.
 */
@FunctionalInterface
interface ClientConnection {

    /** Of a request that came through another web server, or through none: it seems open for ever. */
    static ClientConnection of(ServletRequest request) {
        return request.getAttribute(ClientConnection.class.getName()) instanceof ClientConnection known
                ? known
                : () -> false;
    }

    boolean isClosed();

    /** Leaves the connection with each request. */
    @Configuration(proxyBeanMethods = false)
    class OfTomcat {

        @Bean
        WebServerFactoryCustomizer<TomcatServletWebServerFactory> clientConnections() {
            return factory -> factory.addEngineValves(valve());
        }

        private static Valve valve() {
            return new ValveBase(true) {
                @Override
                public void invoke(Request request, Response response) throws IOException, ServletException {
                    org.apache.coyote.Request connection = request.getCoyoteRequest();
                    ClientConnection asked = () -> isClosed(connection);
                    request.setAttribute(ClientConnection.class.getName(), asked);
                    getNext().invoke(request, response);
                }
            };
        }

        /**
         * Once the body is read, there is nothing to read, or the end, or the next request of a client that does not wait for answers.
         * The connector calls the end one byte, each time that it tries, so that somebody reads and gets the exception. The bytes
         * of a next request are there without trying, or are not seen twice, depending on how the body was sent.
         */
        private static boolean isClosed(org.apache.coyote.Request connection) {
            return available(connection, false) == 0
                    && available(connection, true) == 1
                    && available(connection, false) == 0
                    && available(connection, true) == 1;
        }

        private static int available(org.apache.coyote.Request connection, boolean tryToRead) {
            connection.action(ActionCode.AVAILABLE, tryToRead);
            return connection.getAvailable();
        }
    }
}
