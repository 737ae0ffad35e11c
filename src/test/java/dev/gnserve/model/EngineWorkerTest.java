package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.TensorShape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.Test;

class EngineWorkerTest {

    private final List<Integer> ran = new ArrayList<>();

    @Test
    void theWarmUpRunsEachBatchSizeOnce() {
        worker(List.of(8, 1, 3), shape -> Integer.MAX_VALUE).prepare();

        assertThat(ran).containsExactly(1, 3, 8);
    }

    /** Else a warm-up would take memory that no batch of requests takes later. */
    @Test
    void theWarmUpRunsNoBatchThatDoesNotFitIntoMemory() {
        worker(List.of(1, 4, 8), shape -> ran.isEmpty() ? Integer.MAX_VALUE : 3).prepare();

        assertThat(ran)
                .as("what fits is known after the first pass, and its time after a second one")
                .containsExactly(1, 1, 3);
    }

    private EngineWorker worker(List<Integer> batchSizes, ToIntFunction<ModelInput> mostAtOnce) {
        WarmUp warmUp = new WarmUp(List.of(TensorShape.of(1, 2, 2)), batchSizes, List.of(ElementType.FP32));
        return new EngineWorker(
                inputs -> {
                    ran.add(inputs.size());
                    return new PassResult(List.of(), Duration.ZERO, Duration.ZERO, Duration.ZERO, false);
                },
                warmUp,
                mostAtOnce,
                new PassTimes(Duration.ofSeconds(1)),
                prediction -> {},
                session -> {});
    }
}
