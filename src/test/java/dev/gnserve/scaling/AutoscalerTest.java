package dev.gnserve.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.scaling.ScalingRules.Policy;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Cases of the documentation of the HorizontalPodAutoscaler, and others worked out by hand from its rules. */
class AutoscalerTest {

    private static final ScalingRules AT_ONCE =
            new ScalingRules(List.of(Policy.pods(1_000, 1)), 0, List.of(Policy.pods(1_000, 1)), 0);

    @ParameterizedTest
    @CsvSource({
        "4, 0.2, 0.1, 8", // Twice the target doubles,
        "4, 0.05, 0.1, 2", // half of it halves,
        "3, 0.05, 0.1, 2", // and parts are rounded up.
        "10, 0.109, 0.1, 10", // A tenth is tolerated,
        "10, 0.112, 0.1, 12", // more is not,
        "10, 0.091, 0.1, 10", // either way.
        "10, 0, 0.1, 0"
    })
    void theRatioOfMetricAndTargetDecides(int pods, double metric, double target, int wanted) {
        List<Double> readings = Collections.nCopies(pods, metric);

        assertThat(Autoscaler.recommendByAverage(pods, readings, target)).isEqualTo(wanted);
        assertThat(Autoscaler.recommendByValue(pods, pods, metric, target)).isEqualTo(wanted);
    }

    @Test
    void podsWithoutAMetricDampenTheChange() {
        assertThat(Autoscaler.recommendByAverage(4, List.of(0.4, 0.4), 0.1))
                .as("two that start count as idle: 0.8 / 4 is twice the target")
                .isEqualTo(8);
        assertThat(Autoscaler.recommendByAverage(4, List.of(0.15, 0.15), 0.1))
                .as("with them there would be too many: nothing is done")
                .isEqualTo(4);
        assertThat(Autoscaler.recommendByAverage(4, List.of(0.0, 0.0), 0.1))
                .as("where fewer are wanted they count as busy: 0.2 / 4 is half of the target")
                .isEqualTo(2);
        assertThat(Autoscaler.recommendByAverage(3, List.of(), 0.1)).isEqualTo(3);
        assertThat(Autoscaler.recommendByValue(8, 4, 0.2, 0.1))
                .as("one value for all: those that serve are multiplied")
                .isEqualTo(8);
    }

    /** From 80 pods, with 4 pods or 10 percent a minute: 8 go, then 8 of 72, as 7.2 is rounded up; at 40 the pods are more. */
    @Test
    void ofTwoRatesTheOneThatAllowsMoreCounts() {
        ScalingRules rules = new ScalingRules(List.of(), 0, List.of(Policy.pods(4, 60), Policy.percent(10, 60)), 0);
        Autoscaler autoscaler = new Autoscaler(1, 100, rules);

        assertThat(autoscaler.decide(0, 80, 10)).isEqualTo(72);
        assertThat(autoscaler.decide(30, 72, 10)).as("within the minute").isEqualTo(72);
        assertThat(autoscaler.decide(61, 72, 10)).isEqualTo(64);
        assertThat(new Autoscaler(1, 100, rules).decide(0, 30, 10)).isEqualTo(26);
    }

    @Test
    void kubernetesGrowsByItsDoubleOrByFourEveryFifteenSeconds() {
        Autoscaler autoscaler = new Autoscaler(1, 100, ScalingRules.KUBERNETES);

        assertThat(autoscaler.decide(0, 1, 100)).isEqualTo(5);
        assertThat(autoscaler.decide(15, 5, 100)).isEqualTo(10);
        assertThat(autoscaler.decide(30, 10, 100)).isEqualTo(20);
    }

    @Test
    void aReplicaGoesOnlyWhenNoneOfTheWindowWouldHaveKeptIt() {
        Autoscaler autoscaler = new Autoscaler(1, 100, ScalingRules.KUBERNETES);

        assertThat(autoscaler.decide(0, 8, 8)).isEqualTo(8);
        assertThat(autoscaler.decide(150, 8, 3)).isEqualTo(8);
        assertThat(autoscaler.decide(299, 8, 2)).isEqualTo(8);
        assertThat(autoscaler.decide(300, 8, 2))
                .as("3 was wanted within the window")
                .isEqualTo(3);
        assertThat(autoscaler.decide(451, 3, 2)).isEqualTo(2);
    }

    @Test
    void theBoundsHold() {
        assertThat(new Autoscaler(2, 10, AT_ONCE).decide(0, 5, 50)).isEqualTo(10);
        assertThat(new Autoscaler(2, 10, AT_ONCE).decide(0, 5, 0)).isEqualTo(2);
    }
}
