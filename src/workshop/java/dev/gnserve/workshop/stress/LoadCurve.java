package dev.gnserve.workshop.stress;

import dev.gnserve.workshop.stress.OpenLoop.End;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Throughput and latency of a server against the load that is offered. */
public final class LoadCurve {

    private static final Duration WARM_UP = Duration.ofSeconds(30);

    /**
     * One load; times in milliseconds.
     *
     * @param share of the capacity that was offered
     * @param offered requests per second
     * @param goodput right answers per second
     * @param refused share of requests that got 429
     * @param p50 of right answers, from when they were due
     * @param p95 likewise
     * @param p99 likewise
     * @param meanWait in the queue, as the server measured it
     * @param predictedWait by {@link Replica}
     * @param meanBatch images that ran together
     */
    public record Row(
            double share,
            double offered,
            double goodput,
            double refused,
            double p50,
            double p95,
            double p99,
            double meanWait,
            double predictedWait,
            double meanBatch) {}

    /**
     * All of it.
     *
     * @param capacity requests per second of clients that wait for their answers, as many as keep the queue filled
     * @param rows one for each load, in the order in which they were offered
     * @param wrong answers that were wrong or lost, at any load
     */
    public record Report(double capacity, List<Row> rows, long wrong) {}

    private LoadCurve() {}

    /**
     * Measures a server that has nothing else to do.
     *
     * @param clients that find the capacity
     * @param shares of the capacity to be offered, one after the other
     * @param time for each
     */
    public static Report run(URI server, int clients, List<Double> shares, Duration time)
            throws IOException, InterruptedException {
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        Question question = Questions.oneImage().get(0);
        ClosedLoop waiting = new ClosedLoop(http, server, question);
        waiting.run(clients, WARM_UP);
        double capacity = waiting.run(clients, time);
        OpenLoop open = new OpenLoop(http, server, List.of(question));
        Meters meters = new Meters(server);
        List<Row> rows = new ArrayList<>();
        long wrong = 0;
        for (double share : shares) {
            double waits = meters.sum("gnserve_queue_wait_seconds_sum");
            double waited = meters.sum("gnserve_queue_wait_seconds_count");
            double images = meters.sum("gnserve_batch_size_sum");
            double batches = meters.sum("gnserve_batch_size_count");
            OpenLoop.Outcome outcome = open.run(share * capacity, time, Math.round(share * 100));
            waits = meters.sum("gnserve_queue_wait_seconds_sum") - waits;
            waited = meters.sum("gnserve_queue_wait_seconds_count") - waited;
            images = meters.sum("gnserve_batch_size_sum") - images;
            batches = meters.sum("gnserve_batch_size_count") - batches;
            wrong += outcome.count(End.WRONG) + outcome.count(End.LOST);
            rows.add(new Row(
                    share,
                    outcome.samples().size() / outcome.seconds(),
                    outcome.goodput(),
                    (double) outcome.count(End.REFUSED) / outcome.samples().size(),
                    outcome.millis(50),
                    outcome.millis(95),
                    outcome.millis(99),
                    1000 * waits / waited,
                    1000 * new Replica(capacity).meanWait(outcome.samples().size() / outcome.seconds()),
                    images / batches));
        }
        return new Report(capacity, rows, wrong);
    }
}
