package dev.gnserve.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.MisconfiguredException;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.mock.web.MockFilterChain;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.filter.CorsFilter;

class CorsFilterTest {

    private static final String VIEWER = "https://viewer.example.org";

    private static FilterRegistrationBean<CorsFilter> filter(String... origins) {
        return new CorsFilterConfiguration().crossOrigin(new CorsSettings(List.of(origins)));
    }

    private static MockHttpServletRequest request(String method, String origin) {
        MockHttpServletRequest request = new MockHttpServletRequest(method, "/v1/models/nuclei-unet-gn/segment");
        request.addHeader("Origin", origin);
        if (method.equals("OPTIONS")) {
            request.addHeader("Access-Control-Request-Method", "POST");
            request.addHeader("Access-Control-Request-Headers", "X-API-Key");
        }
        return request;
    }

    /** The answer, and whether the request went on. */
    private record Answer(MockHttpServletResponse response, boolean wentOn) {}

    private static Answer answer(MockHttpServletRequest request) throws ServletException, IOException {
        MockHttpServletResponse response = new MockHttpServletResponse();
        MockFilterChain chain = new MockFilterChain();
        filter(VIEWER).getFilter().doFilter(request, response, chain);
        return new Answer(response, chain.getRequest() != null);
    }

    @Test
    void withoutOriginsThereIsNoFilter() {
        assertThat(filter().isEnabled()).isFalse();
        assertThat(filter("*").isEnabled()).isTrue();
    }

    @Test
    void aPreflightIsAnsweredBeforeKeysAreLookedAt() throws Exception {
        Answer preflight = answer(request("OPTIONS", VIEWER));

        assertThat(preflight.wentOn()).isFalse();
        assertThat(preflight.response().getStatus()).isEqualTo(200);
        assertThat(preflight.response().getHeader("Access-Control-Allow-Origin"))
                .isEqualTo(VIEWER);
        assertThat(preflight.response().getHeader("Access-Control-Allow-Methods"))
                .contains("POST");
        assertThat(preflight.response().getHeader("Access-Control-Allow-Headers"))
                .isEqualTo("X-API-Key");
        assertThat(preflight.response().getHeader("Access-Control-Allow-Credentials"))
                .isNull();
    }

    @Test
    void aRequestGoesOnAndMayBeReadByThePage() throws Exception {
        Answer request = answer(request("POST", VIEWER));

        assertThat(request.wentOn()).isTrue();
        assertThat(request.response().getHeader("Access-Control-Allow-Origin")).isEqualTo(VIEWER);
        assertThat(request.response()
                        .getHeaders("Access-Control-Expose-Headers")
                        .toString())
                .contains("X-Request-Id", "Retry-After");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "OPTIONS"})
    void anotherOriginIsRefused(String method) throws Exception {
        Answer other = answer(request(method, "https://elsewhere.example.org"));

        assertThat(other.wentOn()).isFalse();
        assertThat(other.response().getStatus()).isEqualTo(403);
        assertThat(other.response().getHeader("Access-Control-Allow-Origin")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"viewer.example.org", "https://viewer.example.org/", "https://*.example.org", "null"})
    void whatIsNoOriginIsRefusedAtTheStart(String origin) {
        assertThatThrownBy(() -> new CorsSettings(List.of(origin)))
                .isInstanceOf(MisconfiguredException.class)
                .hasMessageContaining("gnserve.cors.allowed-origins has " + origin);
    }
}
