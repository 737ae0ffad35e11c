package dev.gnserve.access;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.stereotype.Component;
import org.springframework.web.filter.OncePerRequestFilter;

/** Tells browsers to take content for what it is called, to show it in no foreign frame, and to tell nobody where it came from. */
@Component
final class SafeHeaders extends OncePerRequestFilter {

    private static final String IN_NO_FRAME = "frame-ancestors 'none'";

    /** Scripts, styles and data of this service only, none of them inline; pictures also from memory, where the page makes them. */
    private static final String OWN_CONTENT =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                    + " img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; ";

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("X-Frame-Options", "DENY");
        boolean swagger = request.getServletPath().startsWith("/swagger-ui");
        response.setHeader("Content-Security-Policy", swagger ? IN_NO_FRAME : OWN_CONTENT + IN_NO_FRAME);
        response.setHeader("Referrer-Policy", "no-referrer");
        chain.doFilter(request, response);
    }
}
