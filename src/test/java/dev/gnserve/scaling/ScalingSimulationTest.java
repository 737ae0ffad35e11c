package dev.gnserve.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.scaling.ScalingPolicy.Metric;
import dev.gnserve.scaling.ScalingSimulation.Outcome;
import dev.gnserve.stress.Replica;
import dev.gnserve.telemetry.DurationBounds;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Held against what is known of queues without simulating them. */
class ScalingSimulationTest {

    private static final double CAPACITY = 10;

    /** Pollaczek and Khinchine's mean wait; dealt out at random, each of several replicas has a share of the Poisson process. */
    @ParameterizedTest
    @ValueSource(doubles = {0.2, 0.5, 0.8})
    void aFixedNumberUnderSteadyLoadWaitsAsMD1Says(double busy) {
        ScalingSimulation simulation = simulation(CAPACITY, 10_000, 0);

        Outcome outcome = simulation.run(DailyLoad.steady(3 * CAPACITY * busy), ScalingPolicy.fixed("three", 3), 1);

        assertThat(outcome.refused()).isZero();
        assertThat(outcome.meanWait())
                .isCloseTo(new Replica(CAPACITY).meanWait(CAPACITY * busy), Percentage.withPercentage(2));
        assertThat(outcome.requests())
                .isCloseTo((long) (3 * CAPACITY * busy * DailyLoad.SECONDS), Percentage.withPercentage(0.5));
        assertThat(outcome.replicaHours()).isCloseTo(3 * 24, within(1e-9));
    }

    /** More than it can do is refused, and those who get in wait for a full queue. */
    @Test
    void twiceTheCapacityIsHalfRefused() {
        ScalingSimulation simulation = simulation(CAPACITY, 64, 0);

        Outcome outcome = simulation.run(DailyLoad.steady(2 * CAPACITY), ScalingPolicy.fixed("one", 1), 1);

        assertThat(outcome.refusedShare()).isCloseTo(0.5, within(0.005));
        assertThat(outcome.meanWait()).isBetween(6.3, 6.4);
    }

    /** Under a steady load, an autoscaler on the processor comes to rest where each replica is as busy as wished. */
    @Test
    void onTheProcessorItSettlesAtItsTarget() {
        ScalingPolicy policy = new ScalingPolicy("cpu", Metric.PROCESSOR, 0.5, 1, 50, ScalingRules.KUBERNETES);

        Outcome outcome = simulation(CAPACITY, 64, 30).run(DailyLoad.steady(100), policy, 1);

        // 20 replicas are half busy; with a tenth tolerated, and the highest of five minutes kept, between 18 and 24.
        assertThat(outcome.replicaHours() / 24).isBetween(18.0, 24.0);
        assertThat(outcome.refusedShare()).isLessThan(0.01);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POD_QUEUE_WAIT", "QUEUE_WAIT"})
    void onTheQueueWaitItHoldsIt(Metric metric) {
        ScalingPolicy policy = new ScalingPolicy("wait", metric, 0.2, 1, 50, ScalingRules.KUBERNETES);

        Outcome outcome = simulation(CAPACITY, 64, 30).run(DailyLoad.steady(100), policy, 1);

        assertThat(outcome.p95Wait()).isLessThan(0.25);
        assertThat(outcome.replicaHours() / 24).isBetween(12.0, 22.0);
    }

    @Test
    void theSameSeedGivesTheSameDayAndAnotherPolicyTheSameRequests() {
        DailyLoad load = DailyLoad.withBursts(5, 20, 3, 3, new Random(7));
        ScalingSimulation simulation = simulation(CAPACITY, 64, 30);
        ScalingPolicy policy = new ScalingPolicy("wait", Metric.QUEUE_WAIT, 0.2, 2, 20, ScalingRules.KUBERNETES);

        Outcome outcome = simulation.run(load, policy, 7);

        assertThat(simulation.run(load, policy, 7)).isEqualTo(outcome);
        assertThat(simulation.run(load, ScalingPolicy.fixed("ten", 10), 7).requests())
                .isEqualTo(outcome.requests());
        assertThat(simulation.run(load, policy, 8)).isNotEqualTo(outcome);
    }

    @Test
    void theDayHasItsNightItsPeakAndItsBursts() {
        DailyLoad load = new DailyLoad(6, 60, List.of(new DailyLoad.Burst(7_200, 300, 3)));

        assertThat(load.at(4 * 3_600)).isCloseTo(6, within(1e-9));
        assertThat(load.at(16 * 3_600)).isCloseTo(60, within(1e-9));
        assertThat(load.at(10 * 3_600)).isCloseTo(33, within(1e-9));
        assertThat(load.at(7_300) / load.at(7_199)).isCloseTo(3, within(0.05));
        assertThat(load.at(7_500)).isLessThan(10);
        assertThat(load.most()).isEqualTo(180);
    }

    /** Worked out by hand from the definition of {@code histogram_quantile}. */
    @Test
    void thePercentileIsThatOfPrometheus() {
        Buckets buckets = new Buckets(
                Stream.of(100, 200, 400, 3_200).map(Duration::ofMillis).toList());
        long[] counts = buckets.empty();
        counts[buckets.of(0.12)] = 90; // (0.1, 0.2]
        counts[buckets.of(0.4)] = 10; // (0.2, 0.4]

        assertThat(buckets.quantile(0.95, counts))
                .as("half of the way through the last bucket")
                .isCloseTo(0.3, within(1e-9));
        assertThat(buckets.quantile(0.45, counts)).isCloseTo(0.15, within(1e-9));
        assertThat(buckets.quantile(0.95, buckets.empty())).isZero();
        counts[buckets.of(1_000)] = 100;
        assertThat(buckets.quantile(0.95, counts)).as("beyond the last bound").isEqualTo(3.2);
    }

    private static ScalingSimulation simulation(double capacity, int queue, double startSeconds) {
        return new ScalingSimulation(capacity, queue, startSeconds, DurationBounds.ALL);
    }
}
