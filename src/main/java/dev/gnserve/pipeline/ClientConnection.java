package dev.gnserve.pipeline;

import dev.gnserve.connection.Connection;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import org.apache.catalina.Valve;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Tells whether the client of a request has closed its connection. The Servlet API reports that only when the response is written,
 * which is too late to save the work. Tomcat's connector reports it when the request is read (decision 0016). Only the thread of the
 * request may use it.
 */
@FunctionalInterface
public interface ClientConnection {

    /** The attribute of a request that has its connection. */
    String ATTRIBUTE = ClientConnection.class.getName();

    /** The connection of a request. Without Tomcat, it always counts as open. */
    static ClientConnection of(ServletRequest request) {
        return request.getAttribute(ATTRIBUTE) instanceof ClientConnection known ? known : () -> false;
    }

    boolean isClosed();

    /** So many more inputs (tiles, windows) of the request go through the model. */
    default void expects(int inputs) {}

    /** One of these inputs has been through the model. */
    default void inputDone() {}

    /** Adds the connection to each request, as an attribute. */
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
                    if (request.getAttribute(ATTRIBUTE) == null) { // A request without a socket brings its own.
                        ClientConnection known = Connection.of(request.getCoyoteRequest())::isClosed;
                        request.setAttribute(ATTRIBUTE, known);
                    }
                    getNext().invoke(request, response);
                }
            };
        }
    }
}
