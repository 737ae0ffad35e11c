package dev.gnserve.serving;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Sends an answer when it is complete. Spring flushes the answers of some controllers before their end; then the web server does not
 * know their length, sends no {@code Content-Length}, and compresses even the smallest.
 */
@Component
final class WholeAnswers extends OncePerRequestFilter {

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Deferred deferred = new Deferred(response);
        chain.doFilter(request, deferred);
        if (deferred.flushed && !request.isAsyncStarted()) {
            // Within the request, for which a shutdown waits.
            response.getOutputStream().close();
        }
    }

    private static final class Deferred extends HttpServletResponseWrapper {

        private boolean flushed;

        private Deferred(HttpServletResponse response) {
            super(response);
        }

        @Override
        public void flushBuffer() {
            flushed = true;
        }
    }
}
