package dev.gnserve.workshop.stress;

import dev.gnserve.workshop.stress.Tally.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Everything at once for a long time: images of several sizes, two tasks, tensors, bad uploads, clients that go away, models
 * that are replaced and unloaded, verifications, and bursts that overload the queue. Every answer is held against the one
 * that the server gave when it had nothing else to do.
 */
public final class Soak {

    /** Serves while it is loaded again and again. */
    public static final String REPLACED = "replaced";

    /** Is loaded and unloaded. */
    public static final String UNLOADED = "sometimes";

    private static final int CLIENTS = 6;
    private static final int BURST = 200;
    private static final long BURST_EVERY_SECONDS = 20;
    private static final long ADMIN_EVERY_SECONDS = 7;
    private static final double SHARE_THAT_LEAVES = 0.05;
    private static final double SHARE_OF_VERIFICATIONS = 0.02;

    private final URI server;
    private final String adminKey;
    private final HttpClient http;
    private final Meters meters;
    private final Tally tally = new Tally();
    private final List<Question> questions;
    private final List<KnownAnswer> known = new ArrayList<>();

    /**
     * Memory at one moment.
     *
     * @param residentMegabytes of the server's process, as the kernel counts it
     * @param engineArrays native arrays open beyond the models' own
     */
    public record Memory(double residentMegabytes, double engineArrays) {}

    /**
     * What came of it.
     *
     * @param requests by kind: how many were right, refused, wrong, lost, or left by their client
     * @param seconds that it took
     * @param total of all requests
     * @param wrong answers that were not the known one
     * @param lost requests without an answer
     * @param start memory after every question was asked once
     * @param early after a quarter of the time, at most five minutes
     * @param end after the last answer
     * @param replacedWorkers engine workers that died
     * @param notes the first requests that were wrong or lost
     */
    public record Report(
            long seconds,
            Map<String, Map<String, Long>> requests,
            long total,
            long wrong,
            long lost,
            Memory start,
            Memory early,
            Memory end,
            double replacedWorkers,
            List<String> notes) {

        /** Whether every request had its answer and nothing was left behind. */
        public boolean isGood() {
            return wrong == 0 && lost == 0 && end.engineArrays() <= start.engineArrays() && replacedWorkers == 0;
        }
    }

    private Soak(URI server, String adminKey) throws IOException {
        // JDK 17 keeps idle connections for 20 minutes, and would send into those that the server has closed meanwhile.
        System.setProperty("jdk.httpclient.keepalive.timeout", "30");
        this.server = server;
        this.adminKey = adminKey;
        this.meters = new Meters(server);
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        this.questions = Questions.all(REPLACED, UNLOADED);
    }

    /**
     * Runs it against a server that has nothing else to do and two further models of nuclei, {@link #REPLACED} and
     * {@link #UNLOADED}, with their endpoints for loading enabled.
     *
     * @param progress is told about every minute how it stands
     * @throws IllegalStateException if the server does not answer even once
     */
    public static Report run(URI server, String adminKey, Duration time, Consumer<String> progress)
            throws IOException, InterruptedException {
        return new Soak(server, adminKey).run(time, progress);
    }

    private Report run(Duration time, Consumer<String> progress) throws IOException, InterruptedException {
        for (Question question : questions) {
            HttpResponse<byte[]> response = http.send(question.request(server), BodyHandlers.ofByteArray());
            if (response.statusCode() >= 500) {
                throw new IllegalStateException(
                        question.path() + " answers " + response.statusCode() + " before the run has begun");
            }
            known.add(KnownAnswer.of(response));
        }
        Memory start = memory();
        long begun = System.nanoTime();
        long end = begun + time.toNanos();
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<?>> running = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            Random random = new Random(client);
            running.add(threads.submit(() -> {
                while (System.nanoTime() < end) {
                    once(random);
                }
            }));
        }
        running.add(threads.submit(() -> every(BURST_EVERY_SECONDS, end, this::burst)));
        running.add(threads.submit(() -> every(ADMIN_EVERY_SECONDS, end, this::reload)));
        Memory early = start;
        long earlyAt = begun + Math.min(time.toNanos() / 4, TimeUnit.MINUTES.toNanos(5));
        boolean isEarly = true;
        while (System.nanoTime() < end) {
            long step = Math.min(TimeUnit.MINUTES.toNanos(1), end - System.nanoTime());
            TimeUnit.NANOSECONDS.sleep(Math.max(
                    1, isEarly ? Math.min(step, Math.max(1, earlyAt - System.nanoTime())) : step));
            Memory now = memory();
            if (isEarly && System.nanoTime() >= earlyAt) {
                early = now;
                isEarly = false;
            }
            progress.accept("%4d s: right %,d, refused %,d, left %,d, wrong %d, lost %d; resident %,.0f MB"
                    .formatted(
                            TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun),
                            tally.of(Outcome.RIGHT),
                            tally.of(Outcome.REFUSED),
                            tally.of(Outcome.LEFT),
                            tally.of(Outcome.WRONG),
                            tally.of(Outcome.LOST),
                            now.residentMegabytes()));
        }
        threads.shutdown();
        for (Future<?> one : running) {
            try {
                one.get();
            } catch (ExecutionException e) {
                tally.count("the run itself", Outcome.LOST, String.valueOf(e.getCause()));
            }
        }
        Memory last = quiet();
        return report(Duration.ofNanos(System.nanoTime() - begun), start, early, last);
    }

    /** One request of some kind. */
    private void once(Random random) {
        double dice = random.nextDouble();
        if (dice < SHARE_THAT_LEAVES) {
            leave(random);
        } else if (dice < SHARE_THAT_LEAVES + SHARE_OF_VERIFICATIONS) {
            verify();
        } else {
            int which = random.nextInt(questions.size());
            try {
                judge(which, http.send(questions.get(which).request(server), BodyHandlers.ofByteArray()));
            } catch (IOException e) {
                tally.count(questions.get(which).name(), Outcome.LOST, String.valueOf(e));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void judge(int which, HttpResponse<byte[]> response) throws IOException {
        Question question = questions.get(which);
        int status = response.statusCode();
        boolean comesAndGoes = question.mayBeUnloaded() && (status == 503 || status == 404);
        boolean told = status == 504
                || (status == 429
                        && response.headers().firstValue("Retry-After").isPresent());
        if (status != known.get(which).status() && (told || comesAndGoes)) {
            tally.count(question.name(), Outcome.REFUSED);
            return;
        }
        String difference = known.get(which).difference(KnownAnswer.of(response));
        if (difference == null) {
            tally.count(question.name(), Outcome.RIGHT);
        } else {
            tally.count(question.name(), Outcome.WRONG, question.path() + " " + difference);
        }
    }

    /** More at once than the queue takes. */
    private void burst() {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < BURST; i++) {
            int which = i % questions.size();
            all.add(http.sendAsync(questions.get(which).request(server), BodyHandlers.ofByteArray())
                    .handle((response, failure) -> {
                        if (response == null) {
                            tally.count(questions.get(which).name(), Outcome.LOST, "in a burst: " + failure);
                            return null;
                        }
                        try {
                            judge(which, response);
                        } catch (IOException e) {
                            tally.count(questions.get(which).name(), Outcome.LOST, String.valueOf(e));
                        }
                        return null;
                    }));
        }
        CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
    }

    /** Sends a request, or a part of it, and closes the connection without waiting for the answer. */
    private void leave(Random random) {
        Question question = questions.get(random.nextInt(questions.size()));
        byte[] body = question.body();
        StringBuilder head = new StringBuilder("POST " + question.path() + " HTTP/1.1\r\nHost: localhost\r\n");
        question.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
        head.append("Content-Length: " + body.length + "\r\n\r\n");
        int sent = random.nextBoolean() ? body.length : random.nextInt(body.length + 1);
        try (Socket socket = new Socket(server.getHost(), server.getPort())) {
            if (random.nextBoolean()) {
                // A reset instead of a farewell.
                socket.setSoLinger(true, 0);
            }
            OutputStream out = socket.getOutputStream();
            out.write(head.toString().getBytes(StandardCharsets.US_ASCII));
            out.write(body, 0, sent);
            out.flush();
            Thread.sleep(random.nextInt(40));
        } catch (IOException e) {
            // Refused before the body was sent: it is gone anyway.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        tally.count(question.name(), Outcome.LEFT);
    }

    private void verify() {
        String kind = "verification";
        try {
            HttpRequest request = HttpRequest.newBuilder(server.resolve("/v1/models/" + Questions.NUCLEI + "/verify"))
                    .header("Content-Type", "image/png")
                    .POST(BodyPublishers.ofByteArray(Questions.resource("nuclei/fluorescence-256.png")))
                    .build();
            HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
            if (response.statusCode() == 429 || response.statusCode() == 504) {
                tally.count(kind, Outcome.REFUSED);
                return;
            }
            JsonNode report = JsonMapper.shared().readTree(response.body());
            if (report.path("verdict").asString("").equals("PASS")) {
                tally.count(kind, Outcome.RIGHT);
            } else {
                tally.count(kind, Outcome.WRONG, response.body());
            }
        } catch (IOException e) {
            tally.count(kind, Outcome.LOST, String.valueOf(e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Replaces one model while it serves, unloads the other and brings it back. */
    private void reload() {
        admin(REPLACED + "/load");
        admin(UNLOADED + "/unload");
        admin(UNLOADED + "/load");
    }

    private void admin(String what) {
        String kind = "loading and unloading";
        HttpRequest request = HttpRequest.newBuilder(server.resolve("/v2/repository/models/" + what))
                .header("X-API-Key", adminKey)
                .POST(BodyPublishers.noBody())
                .build();
        try {
            HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
            if (response.statusCode() == 200) {
                tally.count(kind, Outcome.RIGHT);
            } else {
                tally.count(kind, Outcome.WRONG, what + " answers " + response.statusCode() + ": " + response.body());
            }
        } catch (IOException e) {
            tally.count(kind, Outcome.LOST, what + ": " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void every(long seconds, long end, Runnable work) {
        try {
            while (System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds) < end) {
                TimeUnit.SECONDS.sleep(seconds);
                work.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Memory when what clients left behind has been finished; at most half a minute later. */
    private Memory quiet() throws IOException, InterruptedException {
        Memory now = memory();
        for (int i = 0; i < 30 && now.engineArrays() > 0; i++) {
            TimeUnit.SECONDS.sleep(1);
            now = memory();
        }
        return now;
    }

    private Memory memory() throws IOException, InterruptedException {
        return new Memory(meters.residentMegabytes(), meters.sum("gnserve_engine_arrays"));
    }

    private Report report(Duration took, Memory start, Memory early, Memory end)
            throws IOException, InterruptedException {
        Map<String, Map<String, Long>> requests = new TreeMap<>();
        tally.counts().forEach((kind, outcomes) -> {
            Map<String, Long> named = new LinkedHashMap<>();
            outcomes.forEach((outcome, count) -> named.put(outcome.name().toLowerCase(Locale.ROOT), count));
            requests.put(kind, named);
        });
        long total = 0;
        for (Outcome outcome : Outcome.values()) {
            total += tally.of(outcome);
        }
        return new Report(
                took.toSeconds(),
                requests,
                total,
                tally.of(Outcome.WRONG),
                tally.of(Outcome.LOST),
                start,
                early,
                end,
                meters.sum("gnserve_worker_replacements_total"),
                tally.notes());
    }
}
