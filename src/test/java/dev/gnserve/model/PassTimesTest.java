package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.TensorShape;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PassTimesTest {

    private static final ModelInput SMALL = input(256);
    private static final ModelInput LARGE = input(1024);

    private final PassTimes times = new PassTimes(Duration.ofMillis(500));

    @Test
    void nothingIsLimitedBeforeTheFirstPass() {
        assertThat(times.mostAtOnce(LARGE)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void aBatchHasWhatFitsIntoItsTimeAndAtLeastOne() {
        times.record(SMALL, 2, Duration.ofMillis(200));
        times.record(LARGE, 1, Duration.ofMillis(1_600));

        assertThat(times.mostAtOnce(SMALL)).isEqualTo(5);
        assertThat(times.mostAtOnce(LARGE)).isEqualTo(1);
    }

    @Test
    void aShapeThatDidNotRunTakesTheTimeOfTheMostSimilarOne() {
        times.record(SMALL, 1, Duration.ofMillis(50));

        assertThat(times.mostAtOnce(LARGE)).as("16 times the elements").isEqualTo(1);
        assertThat(times.mostAtOnce(input(128))).isEqualTo(40);
    }

    @Test
    void aSlowFirstPassIsForgotten() {
        times.record(SMALL, 1, Duration.ofSeconds(10));
        for (int i = 0; i < 20; i++) {
            times.record(SMALL, 1, Duration.ofMillis(100));
        }

        assertThat(times.mostAtOnce(SMALL)).isBetween(4, 5);
    }

    private static ModelInput input(int side) {
        return new FloatTensor(TensorShape.of(3, side, side), new float[3 * side * side]);
    }
}
