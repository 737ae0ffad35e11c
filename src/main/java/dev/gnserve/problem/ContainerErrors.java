package dev.gnserve.problem;

import io.swagger.v3.oas.annotations.Hidden;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import org.springframework.boot.tomcat.servlet.TomcatServletWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.boot.webmvc.error.ErrorController;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Controller;
import org.springframework.web.bind.annotation.RequestMapping;

/** Has the web server answer with problem documents instead of its HTML pages. */
@Configuration(proxyBeanMethods = false)
class ContainerErrors {

    /** For requests that never reach Spring, such as those with a malformed request line. */
    @Bean
    WebServerFactoryCustomizer<TomcatServletWebServerFactory> problemErrorReports() {
        return factory -> factory.addContextCustomizers(context -> {
            if (context.getParent() instanceof org.apache.catalina.core.StandardHost host) {
                host.setErrorReportValveClass(ProblemErrorReportValve.class.getName());
            }
        });
    }

    /** For errors that a filter or the container forwards to the error page. */
    @Hidden
    @Controller
    static class ErrorPage implements ErrorController {

        @RequestMapping("${server.error.path:${error.path:/error}}")
        ResponseEntity<Object> error(HttpServletRequest request) {
            HttpStatus status = request.getAttribute(RequestDispatcher.ERROR_STATUS_CODE) instanceof Integer code
                    ? HttpStatus.valueOf(code)
                    : HttpStatus.NOT_FOUND;
            String detail = detail(request, status);
            return Problems.response(status, detail, new HttpHeaders(), request);
        }

        private static String detail(HttpServletRequest request, HttpStatus status) {
            // If reading the body failed, the web server sets the exception and no message.
            if (request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof IOException broken) {
                if (broken instanceof SocketTimeoutException) {
                    return "The body stopped arriving before it was complete. Send it without long pauses.";
                }
                return broken instanceof EOFException
                        ? "The body ends before the length that was declared. Send the whole body."
                        : "The body cannot be read: %s.".formatted(broken.getMessage());
            }
            return request.getAttribute(RequestDispatcher.ERROR_MESSAGE) instanceof String message && !message.isBlank()
                    ? message
                    : status.getReasonPhrase();
        }
    }
}
