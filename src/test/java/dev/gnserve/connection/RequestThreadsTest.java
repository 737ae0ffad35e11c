package dev.gnserve.connection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.process.ThreadLimit;
import org.junit.jupiter.api.Test;

class RequestThreadsTest {

    @Test
    void requestsGetWhatTheLimitLeaves() {
        assertThat(RequestThreads.within(new ThreadLimit(100, 25), 40, 200)).isEqualTo(35);
        assertThat(RequestThreads.within(new ThreadLimit(4096, 25), 40, 200)).isEqualTo(200);
        assertThat(RequestThreads.within(new ThreadLimit(50, 25), 40, 200)).isEqualTo(8);
    }
}
