package dev.gnserve.protocol;

import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.BatchedItem;
import dev.gnserve.batching.StageTimes;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.protocol.ModelStatistics.BatchStatistic;
import dev.gnserve.protocol.ModelStatistics.Duration;
import dev.gnserve.protocol.ModelStatistics.InferenceStatistics;
import dev.gnserve.protocol.ModelStatistics.OfVersion;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.springframework.stereotype.Component;

/** Adds up the batches of all models since the start of the process. Thread-safe. */
@Component
final class BatchStatistics implements BatchListener {

    private final Map<List<String>, Sums> sums = new ConcurrentHashMap<>();

    @Override
    public void batchCompleted(BatchCompleted batch) {
        sums.computeIfAbsent(List.of(batch.model(), batch.version()), key -> new Sums())
                .add(batch);
    }

    /** Zeros for a version that has run no batch. */
    OfVersion of(String model, String version) {
        return sums.getOrDefault(List.of(model, version), new Sums()).of(model, version);
    }

    /** Of one version. */
    private static final class Sums {

        private final Map<Integer, BatchStatistic> bySize = new TreeMap<>(); // guarded by this, as what follows
        private Duration success = Duration.NONE;
        private Duration fail = Duration.NONE;
        private Duration queue = Duration.NONE;
        private long newest;

        synchronized void add(BatchCompleted batch) {
            StageTimes stages = batch.stages();
            for (BatchedItem item : batch.items()) {
                java.time.Duration whole = item.queueWait().plus(stages.total());
                if (batch.failure() == null) {
                    success = success.plus(1, whole);
                    queue = queue.plus(1, item.queueWait());
                } else if (batch.size() == 1 || batch.failure() == FailureCode.OVERLOADED) {
                    // The items of other batches run again, alone.
                    fail = fail.plus(1, whole);
                }
            }
            if (batch.failure() == null) {
                newest = System.currentTimeMillis();
                bySize.merge(
                        batch.size(),
                        new BatchStatistic(
                                batch.size(),
                                Duration.NONE.plus(1, stages.assemble()),
                                Duration.NONE.plus(1, stages.infer()),
                                Duration.NONE.plus(1, stages.split())),
                        (before, now) -> new BatchStatistic(
                                batch.size(),
                                before.computeInput().plus(now.computeInput()),
                                before.computeInfer().plus(now.computeInfer()),
                                before.computeOutput().plus(now.computeOutput())));
            }
        }

        synchronized OfVersion of(String model, String version) {
            return new OfVersion(
                    model,
                    version,
                    newest,
                    success.count(),
                    bySize.values().stream()
                            .mapToLong(size -> size.computeInfer().count())
                            .sum(),
                    new InferenceStatistics(
                            success,
                            fail,
                            queue,
                            ofItems(BatchStatistic::computeInput),
                            ofItems(BatchStatistic::computeInfer),
                            ofItems(BatchStatistic::computeOutput),
                            Duration.NONE,
                            Duration.NONE),
                    List.copyOf(bySize.values()));
        }

        /** A batch took its time for each of its items. */
        private Duration ofItems(Function<BatchStatistic, Duration> stage) {
            Duration sum = Duration.NONE;
            for (BatchStatistic size : bySize.values()) {
                Duration batches = stage.apply(size);
                sum = sum.plus(new Duration(batches.count() * size.batchSize(), batches.ns() * size.batchSize()));
            }
            return sum;
        }
    }
}
