package dev.gnserve.protocol;

import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import org.apache.catalina.Valve;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.tomcat.util.http.MimeHeaders;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Keeps the web server from compressing answers of the protocol other than results of inference. tritonclient sends
 * {@code Accept-Encoding: gzip}, but reads errors, metadata and the index as plain text.
 */
@Configuration(proxyBeanMethods = false)
class PlainAnswers {

    private static final String ROOT = "/v2/";
    private static final String ACCEPT_ENCODING = "Accept-Encoding";

    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> plainAnswersOfTheProtocol() {
        return factory -> factory.addContextValves(valve());
    }

    /** When an answer is sent, Tomcat decides by this header whether to compress it. */
    private static Valve valve() {
        return new ValveBase(true) {
            @Override
            public void invoke(Request request, Response response) throws IOException, ServletException {
                MimeHeaders headers = request.getCoyoteRequest().getMimeHeaders();
                String accepted = headers.getHeader(ACCEPT_ENCODING);
                if (accepted != null && request.getRequestURI().startsWith(request.getContextPath() + ROOT)) {
                    headers.removeHeader(ACCEPT_ENCODING);
                    Runnable restore = () -> headers.setValue(ACCEPT_ENCODING).setString(accepted);
                    request.setAttribute(PlainAnswers.class.getName(), restore);
                }
                getNext().invoke(request, response);
            }
        };
    }

    /** Lets the web server compress the answer to a request, if the client accepts that. */
    static void mayBeCompressed(ServletRequest request) {
        if (request.getAttribute(PlainAnswers.class.getName()) instanceof Runnable restore) {
            restore.run();
        }
    }
}
