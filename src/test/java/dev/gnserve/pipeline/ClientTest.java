package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.batching.Deadline;
import dev.gnserve.batching.Ticker;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.mock.web.MockHttpServletRequest;

@Timeout(20)
class ClientTest {

    @Test
    void workGoesOnForAClientThatWaits() {
        Cancellation cancellation = Client.NONE.cancelling("decoding");

        assertThatCode(cancellation::throwIfCancelled).doesNotThrowAnyException();
    }

    @Test
    void workEndsAtTheDeadline() {
        Client client = Client.NONE.until(Deadline.in(Duration.ZERO, Ticker.system()));

        assertThatThrownBy(client.cancelling("decoding")::throwIfCancelled)
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("passed during decoding");
    }

    @Test
    void workEndsSoonAfterTheClientDisconnects() {
        MockHttpServletRequest request = new MockHttpServletRequest();
        ClientConnection closed = () -> true;
        request.setAttribute(ClientConnection.class.getName(), closed);
        Cancellation cancellation = Client.of(request).cancelling("decoding");

        assertThatThrownBy(() -> {
                    while (true) {
                        cancellation.throwIfCancelled();
                    }
                })
                .isInstanceOf(ClientDisconnectedException.class);
    }
}
