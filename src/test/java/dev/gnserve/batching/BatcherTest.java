package dev.gnserve.batching;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Every promise of the batcher, on a clock driven by hand and without threads: {@code runReady} is one look of a worker. */
class BatcherTest {

    private static final Duration MILLI = Duration.ofMillis(1);

    private long nowNanos = 1_000;
    private final Ticker ticker = () -> nowNanos;
    private final List<List<String>> batches = new ArrayList<>();
    private final List<BatchCompleted> events = new ArrayList<>();

    /** Upper-cases its items, taking 2 ms a batch; "poison" makes a batch fail. */
    private final BatchRunner<String, String> runner = items -> {
        batches.add(items);
        pass(MILLI.multipliedBy(2));
        if (items.contains("poison")) {
            throw new IllegalStateException("poisoned");
        }
        return new BatchRun<>(items.stream().map(String::toUpperCase).toList(), StageTimes.NONE);
    };

    @Test
    void anItemRunsAtOnceWhenNothingHoldsItBack() {
        Batcher<String, String> batcher = batcher(new BatchPolicy(4, Duration.ZERO, 8));

        CompletableFuture<Outcome<String>> answer = batcher.submit("a", Deadline.none());

        assertThat(batcher.depth()).isEqualTo(1);
        assertThat(batcher.runReady(runner)).isTrue();
        assertThat(answer.join().orElseThrow()).isEqualTo("A");
        assertThat(batcher.depth()).isZero();
        assertThat(batcher.runReady(runner)).isFalse();
    }

    private Batcher<String, String> batcher(BatchPolicy policy) {
        return Batcher.<String, String>of("m", "1")
                .policy(policy)
                .shape(String::length)
                .listener(events::add)
                .ticker(ticker)
                .stepped();
    }

    private void pass(Duration time) {
        nowNanos += time.toNanos();
    }
}
