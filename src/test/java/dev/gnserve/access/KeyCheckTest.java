package dev.gnserve.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;

class KeyCheckTest {

    private static final String KEY = "a-key-of-sixteen-or-more";

    private final KeyCheck check = new KeyCheck("an API key", ApiKeys.of(List.of(KEY), null)::id, event -> {});

    /** A proxy before the service may have a token of its own, and passes it on. */
    @Test
    void theKeyMayBeInEitherHeader() throws IOException {
        assertThat(passes("Bearer the-token-of-a-proxy", KEY)).isTrue();
        assertThat(passes("Bearer " + KEY, "the-key-of-another-service")).isTrue();
        assertThat(passes("Basic dXNlcjpwYXNz", KEY)).isTrue();
        assertThat(passes("Bearer the-token-of-a-proxy", "the-key-of-another-service"))
                .isFalse();
    }

    private boolean passes(String authorization, String key) throws IOException {
        MockHttpServletRequest request = new MockHttpServletRequest();
        request.addHeader("Authorization", authorization);
        request.addHeader("X-API-Key", key);
        return check.preHandle(request, new MockHttpServletResponse(), this);
    }
}
