package dev.gnserve.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;

class AfterHttpResponseTest {

    private final List<String> ran = new ArrayList<>();

    @AfterEach
    void leaveTheThreadAsItWas() {
        RequestContextHolder.resetRequestAttributes();
    }

    @Test
    void workOfARequestWaitsForItsEnd() {
        ServletRequestAttributes request = new ServletRequestAttributes(new MockHttpServletRequest());
        RequestContextHolder.setRequestAttributes(request);
        AfterHttpResponse after = new AfterHttpResponse();

        after.execute(() -> ran.add("first"));
        after.execute(() -> ran.add("second"));
        assertThat(ran).isEmpty();

        request.requestCompleted();
        assertThat(ran).containsExactlyInAnyOrder("first", "second");
    }

    @Test
    void workOfNoRequestRunsAtOnce() {
        new AfterHttpResponse().execute(() -> ran.add("work"));

        assertThat(ran).containsExactly("work");
    }
}
