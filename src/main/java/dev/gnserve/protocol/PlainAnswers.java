package dev.gnserve.protocol;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;

/**
 * Keeps the web server from compressing answers of the protocol. tritonclient sends {@code Accept-Encoding: gzip}, but decodes results
 * of inference only: it reads errors, metadata and the index as plain text.
 */
@Configuration(proxyBeanMethods = false)
class PlainAnswers {

    @Bean
    FilterRegistrationBean<Filter> notCompressed() {
        FilterRegistrationBean<Filter> filter = new FilterRegistrationBean<>((request, response, chain) -> {
            ((HttpServletResponse) response).setHeader(HttpHeaders.CONTENT_ENCODING, "identity");
            chain.doFilter(request, response);
        });
        filter.addUrlPatterns("/v2/*");
        return filter;
    }

    /** Lets the web server compress an answer, if the client accepts that. */
    static void mayBeCompressed(HttpServletResponse response) {
        response.setHeader(HttpHeaders.CONTENT_ENCODING, null);
    }
}
