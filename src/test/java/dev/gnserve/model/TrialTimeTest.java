package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.TensorShape;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The first pass always runs; later ones run by the slowest so far. */
class TrialTimeTest {

    private static final TensorShape SMALL = TensorShape.of(3, 160, 160);
    private static final TensorShape LARGE = TensorShape.of(3, 1024, 1024);

    private final List<String> reported = new ArrayList<>();

    @Test
    void inputsThatWouldTakeTooLongAreLeftOut() {
        TrialTime time = new TrialTime(false, reported::add);
        assertThat(time.allows(LARGE)).isTrue();

        time.add(SMALL, secondsAgo(10)); // 410 s for the large one.

        assertThat(time.allows(SMALL)).isTrue();
        assertThat(time.allows(LARGE)).isFalse();
        assertThat(reported).containsExactly("a trial pass over [3, 160, 160] took 10.0 s");
        assertThat(time.leftOut()).contains("longer than 60 s: a trial pass over [3, 160, 160] took 10.0 s");
    }

    @Test
    void besidesAStatedShapeLessTimeIsSpent() {
        TrialTime time = new TrialTime(true, reported::add);

        time.add(SMALL, secondsAgo(30));

        assertThat(time.allows(SMALL)).isFalse();
    }

    @Test
    void fastPassesAreNotReported() {
        TrialTime time = new TrialTime(false, reported::add);

        time.add(SMALL, secondsAgo(1));

        assertThat(time.allows(LARGE)).isTrue();
        assertThat(reported).isEmpty();
    }

    private static long secondsAgo(long seconds) {
        return System.nanoTime() - TimeUnit.SECONDS.toNanos(seconds);
    }
}
