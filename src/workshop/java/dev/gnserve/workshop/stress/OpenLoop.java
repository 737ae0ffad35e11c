package dev.gnserve.workshop.stress;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Clients that do not wait for each other: requests are due at moments that were drawn before (a Poisson process), whatever
 * becomes of the earlier ones, and their latency counts from then. A server that falls behind cannot slow them down.
 */
final class OpenLoop {

    /** How a request ended. */
    enum End {
        RIGHT,
        REFUSED,
        EXPIRED,
        WRONG,
        LOST
    }

    /**
     * One request.
     *
     * @param nanos from when it was due to its answer
     * @param atNanos when that came, from the beginning
     */
    record Sample(End end, long nanos, long atNanos) {}

    /**
     * All of them.
     *
     * @param offered per second
     * @param seconds from the first that was due to the last
     * @param worstLagMillis the latest that one was sent after it was due: much of it says that the clients were too slow
     * @param notes on the first that were wrong or lost
     */
    record Outcome(double offered, double seconds, List<Sample> samples, double worstLagMillis, List<String> notes) {

        long count(End end) {
            return samples.stream().filter(sample -> sample.end() == end).count();
        }

        /** Right answers per second, while requests came: a full queue is worked off afterwards and proves nothing. */
        double goodput() {
            return samples.stream()
                            .filter(sample -> sample.end() == End.RIGHT && sample.atNanos() <= seconds * 1e9)
                            .count()
                    / seconds;
        }

        /** Of right answers; NaN where there is none. */
        double millis(double percentile) {
            Histogram nanos = new Histogram(DIGITS);
            samples.stream()
                    .filter(sample -> sample.end() == End.RIGHT)
                    .mapToLong(Sample::nanos)
                    .forEach(nanos::recordValue);
            return nanos.getTotalCount() == 0 ? Double.NaN : nanos.getValueAtPercentile(percentile) / 1e6;
        }
    }

    /** Of each time. */
    private static final int DIGITS = 4;

    private static final int MOST_NOTES = 10;

    private final HttpClient http;
    private final URI server;
    private final List<Question> questions;
    private final List<KnownAnswer> known = new ArrayList<>();

    /** Asks every question once, alone, to know its answer. */
    OpenLoop(HttpClient http, URI server, List<Question> questions) throws IOException, InterruptedException {
        this.http = http;
        this.server = server;
        this.questions = questions;
        for (Question question : questions) {
            HttpResponse<byte[]> response = http.send(question.request(server), BodyHandlers.ofByteArray());
            if (response.statusCode() != 200) {
                throw new IllegalStateException(question.path() + " answers " + response.statusCode());
            }
            known.add(KnownAnswer.of(response));
        }
    }

    /** Sends the questions in turn at this rate, and waits for the last answer. */
    Outcome run(double perSecond, Duration time, long seed) {
        long[] due = dueNanos(perSecond, time, seed);
        Queue<Sample> samples = new ConcurrentLinkedQueue<>();
        Queue<String> notes = new ConcurrentLinkedQueue<>();
        List<CompletableFuture<Void>> running = new ArrayList<>(due.length);
        long begun = System.nanoTime();
        long worstLag = 0;
        for (int i = 0; i < due.length; i++) {
            long at = begun + due[i];
            for (long early = at - System.nanoTime(); early > 0; early = at - System.nanoTime()) {
                LockSupport.parkNanos(early);
            }
            worstLag = Math.max(worstLag, System.nanoTime() - at);
            int which = i % questions.size();
            running.add(http.sendAsync(questions.get(which).request(server), BodyHandlers.ofByteArray())
                    .handle((response, failure) -> {
                        long now = System.nanoTime();
                        samples.add(new Sample(judged(which, response, failure, notes), now - at, now - begun));
                        return null;
                    }));
        }
        CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).join();
        return new Outcome(perSecond, time.toNanos() / 1e9, List.copyOf(samples), worstLag / 1e6, List.copyOf(notes));
    }

    /** When requests are due: gaps of an exponential distribution. */
    static long[] dueNanos(double perSecond, Duration time, long seed) {
        Random random = new Random(seed);
        long[] due = new long[16];
        int count = 0;
        for (double at = gap(random, perSecond); at < time.toNanos(); at += gap(random, perSecond)) {
            due = count == due.length ? Arrays.copyOf(due, 2 * count) : due;
            due[count++] = (long) at;
        }
        return Arrays.copyOf(due, count);
    }

    private static double gap(Random random, double perSecond) {
        return -Math.log(1 - random.nextDouble()) / perSecond * 1e9;
    }

    private End judged(int which, HttpResponse<byte[]> response, Throwable failure, Queue<String> notes) {
        if (failure != null) {
            note(notes, "lost: " + failure);
            return End.LOST;
        }
        if (response.statusCode() == 429
                && response.headers().firstValue("Retry-After").isPresent()) {
            return End.REFUSED;
        }
        if (response.statusCode() == 504) {
            return End.EXPIRED;
        }
        String difference = known.get(which).difference(KnownAnswer.of(response));
        if (difference == null) {
            return End.RIGHT;
        }
        note(notes, "wrong: " + difference);
        return End.WRONG;
    }

    private static void note(Queue<String> notes, String text) {
        if (notes.size() < MOST_NOTES) {
            notes.add(text);
        }
    }
}
