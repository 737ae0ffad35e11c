package dev.gnserve.access;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

/**
 * Cross-origin requests (the Fetch standard). A filter before all others, so that refusals have the headers, too, and a preflight needs
 * no key: browsers send none with it.
 */
@Configuration(proxyBeanMethods = false)
class CorsFilterConfiguration {

    private static final List<String> PATHS =
            List.of("/v1/**", "/v2/**", "/v2", "/v3/api-docs/**", "/livez", "/readyz");

    @Bean
    FilterRegistrationBean<CorsFilter> crossOrigin(CorsSettings settings) {
        CorsConfiguration allowed = new CorsConfiguration();
        allowed.setAllowedOrigins(settings.allowedOrigins());
        allowed.setAllowedMethods(List.of(
                HttpMethod.GET.name(),
                HttpMethod.HEAD.name(),
                HttpMethod.POST.name(),
                HttpMethod.PUT.name(),
                HttpMethod.DELETE.name()));
        allowed.setAllowedHeaders(List.of(CorsConfiguration.ALL));
        allowed.setExposedHeaders(List.of(
                "X-Request-Id",
                "X-Image-Page",
                "Retry-After",
                "WWW-Authenticate",
                "Inference-Header-Content-Length",
                "Location",
                "Preference-Applied"));
        allowed.setMaxAge(Duration.ofHours(1));
        UrlBasedCorsConfigurationSource byPath = new UrlBasedCorsConfigurationSource();
        PATHS.forEach(path -> byPath.registerCorsConfiguration(path, allowed));
        FilterRegistrationBean<CorsFilter> filter = new FilterRegistrationBean<>(new CorsFilter(byPath));
        filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
        filter.setEnabled(!settings.allowedOrigins().isEmpty());
        return filter;
    }
}
