package dev.gnserve.workshop.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ReplicaTest {

    private final Replica replica = new Replica(10); // 100 ms for each request

    @Test
    void theMeanWaitIsThatOfMD1() {
        assertThat(replica.meanWait(5)).as("half busy: half a service time").isCloseTo(0.05, within(1e-12));
        assertThat(replica.meanWait(8)).isCloseTo(0.2, within(1e-12));
        assertThat(replica.meanWait(9)).isCloseTo(0.45, within(1e-12));
        assertThat(replica.meanWait(10)).isInfinite();
        assertThat(replica.rateFor(0.2)).isCloseTo(8, within(1e-12));
        assertThat(replica.replicasFor(100, 0.2)).as("12.5 of 8 each").isEqualTo(13);
        assertThatThrownBy(() -> new Replica(0)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Lindley's recursion, customer by customer. */
    @Test
    void aSimulationWaitsAsLong() {
        Random random = new Random(3);
        double wait = 0;
        double sum = 0;
        int customers = 2_000_000;
        for (int i = 0; i < customers; i++) {
            sum += wait;
            wait = Math.max(0, wait + 0.1 + Math.log(1 - random.nextDouble()) / 8);
        }

        assertThat(sum / customers).isCloseTo(replica.meanWait(8), within(0.004));
    }
}
