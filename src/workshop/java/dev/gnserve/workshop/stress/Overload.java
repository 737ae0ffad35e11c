package dev.gnserve.workshop.stress;

import dev.gnserve.workshop.stress.OpenLoop.End;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Many times what a server can do, and what it makes of it. */
public final class Overload {

    private static final Duration WARM_UP = Duration.ofSeconds(20);

    /**
     * A server compiles well what it has done some ten thousand times: at ten times the peak it would take five minutes until it
     * has refused so often. So it is offered more at first.
     */
    private static final Duration WARM_UP_OF_REFUSING = Duration.ofSeconds(60);

    private static final double WARM_UP_FACTOR = 5;
    private static final Duration PEAK_TIME = Duration.ofSeconds(60);
    private static final double LEAST_SHARE = 0.9;

    /** For what a request does outside of queue and engine, on a processor that has no time to spare. */
    private static final double SLACK = 1.25;

    /**
     * What was seen; times in milliseconds, memory in MB.
     *
     * @param peak images per second from clients that wait for their answers, as many as keep the queue filled
     * @param idleP50 latency of a client alone
     * @param offered requests per second
     * @param seconds for which it was offered
     * @param requests that were sent
     * @param right answers that were the known one, also those that came afterwards
     * @param refused with 429 and a time to come back
     * @param expired with 504: their deadline could not be met
     * @param wrong answers that were not the known one
     * @param lost requests without an answer
     * @param goodput right answers per second while requests came
     * @param share of the peak
     * @param bound what an accepted request may take: a full queue and the batches before it, at the least rate that is promised, and
     *     what a request takes alone
     * @param p50 of accepted requests
     * @param p99 likewise
     * @param max likewise
     * @param before resident memory, after the peak was measured
     * @param during the most that was seen
     * @param after when it was over
     * @param recovery from the last answer to one that took no more than twice what it takes alone
     * @param worstLag how late the clients were at worst
     * @param broken promises, in words
     * @param notes on the first answers that were wrong or lost
     */
    public record Report(
            double peak,
            double idleP50,
            double offered,
            double seconds,
            long requests,
            long right,
            long refused,
            long expired,
            long wrong,
            long lost,
            double goodput,
            double share,
            double bound,
            double p50,
            double p99,
            double max,
            double before,
            double during,
            double after,
            double recovery,
            double worstLag,
            List<String> broken,
            List<String> notes) {}

    private final URI server;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Meters meters;
    private final OpenLoop clients;
    private final Question question;
    private final ClosedLoop waiting;

    private Overload(URI server) throws IOException, InterruptedException {
        this.server = server;
        this.meters = new Meters(server);
        List<Question> questions = Questions.oneImage();
        this.question = questions.get(0);
        this.waiting = new ClosedLoop(http, server, question);
        this.clients = new OpenLoop(http, server, questions);
    }

    /**
     * Measures a server that has nothing else to do.
     *
     * @param factor how many times the peak is offered
     * @param queueCapacity images that wait at most
     * @param underway images in batches that run
     */
    public static Report run(URI server, double factor, Duration time, int queueCapacity, int underway)
            throws IOException, InterruptedException {
        return new Overload(server).run(factor, time, queueCapacity, underway);
    }

    private Report run(double factor, Duration time, int queueCapacity, int underway)
            throws IOException, InterruptedException {
        // Compiled code is what is measured.
        double rough = waiting.run(queueCapacity / 2, WARM_UP);
        clients.run(WARM_UP_FACTOR * factor * rough, WARM_UP_OF_REFUSING, 2);
        double peak = waiting.run(queueCapacity / 2, PEAK_TIME);
        double idle = alone();
        double before = meters.residentMegabytes();
        CompletableFuture<OpenLoop.Outcome> running =
                CompletableFuture.supplyAsync(() -> clients.run(factor * peak, time, 1));
        double during = before;
        while (!running.isDone()) {
            during = Math.max(during, meters.residentMegabytes());
            TimeUnit.SECONDS.sleep(2);
        }
        OpenLoop.Outcome outcome = running.join();
        double recovery = recovery(idle);
        double after = meters.residentMegabytes();
        double bound = 1000 * (queueCapacity + underway) / (LEAST_SHARE * peak) + idle;
        double share = outcome.goodput() / peak;
        List<String> broken = new ArrayList<>();
        promise(
                broken,
                share >= LEAST_SHARE,
                "goodput is %.2f of the peak, less than %.2f".formatted(share, LEAST_SHARE));
        promise(broken, outcome.count(End.WRONG) == 0, "answers were wrong");
        promise(broken, outcome.count(End.LOST) == 0, "answers were lost");
        promise(broken, outcome.millis(99) <= SLACK * bound, "p99 of accepted requests is over the bound");
        promise(broken, recovery <= bound, "recovery takes longer than a full queue");
        return new Report(
                peak,
                idle,
                factor * peak,
                outcome.seconds(),
                outcome.samples().size(),
                outcome.count(End.RIGHT),
                outcome.count(End.REFUSED),
                outcome.count(End.EXPIRED),
                outcome.count(End.WRONG),
                outcome.count(End.LOST),
                outcome.goodput(),
                share,
                bound,
                outcome.millis(50),
                outcome.millis(99),
                outcome.millis(100),
                before,
                during,
                after,
                recovery,
                outcome.worstLagMillis(),
                broken,
                outcome.notes());
    }

    private static void promise(List<String> broken, boolean kept, String otherwise) {
        if (!kept) {
            broken.add(otherwise);
        }
    }

    /** Median of ten requests, one after the other. */
    private double alone() throws IOException, InterruptedException {
        double[] millis = new double[10];
        for (int i = 0; i < millis.length; i++) {
            millis[i] = once();
        }
        Arrays.sort(millis);
        return millis[millis.length / 2];
    }

    private double recovery(double idle) throws IOException, InterruptedException {
        long over = System.nanoTime();
        while (once() > 2 * idle) {
            // As it comes.
        }
        return Math.max(0, (System.nanoTime() - over) / 1e6 - idle);
    }

    private double once() throws IOException, InterruptedException {
        long begun = System.nanoTime();
        http.send(question.request(server), BodyHandlers.ofByteArray());
        return (System.nanoTime() - begun) / 1e6;
    }
}
