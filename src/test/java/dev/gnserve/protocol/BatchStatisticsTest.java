package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.BatchedItem;
import dev.gnserve.batching.StageTimes;
import dev.gnserve.failure.FailureCode;
import java.time.Duration;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class BatchStatisticsTest {

    private final BatchStatistics statistics = new BatchStatistics();

    @Test
    void anItemThatFailsCountsOnceWhetherItRunsAgainOrNot() {
        failed(4, FailureCode.ENGINE_FAULT);
        assertThat(failures()).as("its items run again").isZero();
        failed(1, FailureCode.ENGINE_FAULT);
        assertThat(failures()).isOne();
        failed(4, FailureCode.OVERLOADED);
        assertThat(failures()).as("these do not").isEqualTo(5);
    }

    private void failed(int items, FailureCode code) {
        StageTimes stages = new StageTimes(Duration.ZERO, Duration.ofMillis(1), Duration.ZERO);
        BatchedItem item = new BatchedItem(Duration.ZERO, null);
        statistics.batchCompleted(new BatchCompleted("m", "1", Collections.nCopies(items, item), false, stages, code));
    }

    private long failures() {
        return statistics.of("m", "1").inferenceStats().fail().count();
    }

    /** Triton's perf_analyzer reads them. */
    @Test
    void thereAreZerosForTheCacheThatThereIsNot() {
        var zeros = JsonMapper.shared().valueToTree(statistics.of("m", "1").inferenceStats());

        assertThat(zeros.path("cache_hit")).hasToString("{\"count\":0,\"ns\":0}");
        assertThat(zeros.path("cache_miss")).hasToString("{\"count\":0,\"ns\":0}");
    }
}
