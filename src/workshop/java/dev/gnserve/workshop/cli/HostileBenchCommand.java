package dev.gnserve.workshop.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "hostile",
        description = {
            "What a picture costs the server, and what a client with a small picture gets beside clients that send it without a pause.",
            "Prints a table in Markdown. Exit code 1 if the server ended, or if the client with the small picture lost an answer."
        })
final class HostileBenchCommand implements Callable<Integer> {

    private static final String PATH = "/v1/models/" + BenchSample.MODEL + "/segment?masks=none&objects=false";
    private static final int QUESTIONS = 25;
    private static final Duration PAUSE = Duration.ofMillis(100);
    private static final Duration LOST_AFTER = Duration.ofMinutes(5);

    @Parameters(arity = "1..*", paramLabel = "PATH", description = "Pictures, or folders of them.")
    private List<Path> paths = List.of();

    @Option(
            names = "--memory",
            paramLabel = "MB",
            defaultValue = "4096",
            description = "Limit of the control group (default: ${DEFAULT-VALUE}, the chart's).")
    private long megabytes;

    @Option(
            names = "--hostile",
            defaultValue = "4",
            description = "Clients that send the picture (default: ${DEFAULT-VALUE}).")
    private int hostile;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private final HttpClient client = HttpClient.newHttpClient();

    /** An answer: its status, or 0 if there was none. */
    private record Answer(int status, String code, double seconds) {}

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        PrintWriter out = spec.commandLine().getOut();
        byte[] small = BenchSample.png();
        boolean good = true;
        try (MemoryGroup group = MemoryGroup.of(megabytes << 20);
                BenchServer server =
                        BenchServer.startWith(group.launcher(), List.of("-XX:MaxRAMPercentage=45"), List.of())) {
            out.printf(
                    "JDK %s, limit %,d MB, %d hostile clients, one good client that asks %d times%n%n",
                    Runtime.version(), megabytes, hostile, QUESTIONS);
            out.println(
                    "| picture | bytes | alone | processor, s | good client, answers | median, s | longest, s | resident at most, MB"
                            + " | answers to the hostile clients |");
            out.println("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | --- |");
            ask(server.uri(), small);
            double most = 0;
            for (Path file : files()) {
                byte[] picture = Files.readAllBytes(file);
                server.forgetPeak();
                Duration before = server.cpu();
                Answer alone = ask(server.uri(), picture);
                Duration cpu = server.cpu().minus(before);
                Map<String, Integer> theirs = new ConcurrentSkipListMap<>();
                List<Double> ours = beside(server.uri(), picture, small, theirs);
                double peak = server.peakMegabytes();
                most = Math.max(most, peak);
                out.printf(
                        Locale.ROOT,
                        "| %s | %,d | %s | %.2f | %d of %d | %.2f | %.2f | %,.0f | %s |%n",
                        file.getFileName(),
                        picture.length,
                        alone.status() + " " + alone.code(),
                        cpu.toMillis() / 1e3,
                        ours.size(),
                        QUESTIONS,
                        ours.isEmpty() ? Double.NaN : ours.get(ours.size() / 2),
                        ours.isEmpty() ? Double.NaN : ours.get(ours.size() - 1),
                        peak,
                        theirs);
                out.flush();
                good &= ours.size() == QUESTIONS && server.isAlive();
            }
            out.printf("%nresident at most %,.0f MB; killed %d%n", most, group.kills());
            good &= group.kills() == 0;
        }
        out.println(good ? "good" : "NOT GOOD");
        out.flush();
        return good ? 0 : 1;
    }

    /** The times of the good client's answers, sorted. */
    private List<Double> beside(URI server, byte[] picture, byte[] small, Map<String, Integer> theirs)
            throws InterruptedException, ExecutionException {
        AtomicBoolean ended = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(hostile);
        List<Future<?>> running = new ArrayList<>();
        for (int i = 0; i < hostile; i++) {
            running.add(pool.submit(() -> {
                while (!ended.get()) {
                    theirs.merge(Integer.toString(ask(server, picture).status()), 1, Integer::sum);
                }
                return null;
            }));
        }
        List<Double> times = new ArrayList<>();
        Thread.sleep(PAUSE.multipliedBy(5).toMillis());
        for (int i = 0; i < QUESTIONS; i++) {
            Answer answer = ask(server, small);
            if (answer.status() == 200) {
                times.add(answer.seconds());
            }
            Thread.sleep(PAUSE.toMillis());
        }
        ended.set(true);
        for (Future<?> one : running) {
            one.get();
        }
        pool.shutdown();
        return times.stream().sorted().toList();
    }

    private Answer ask(URI server, byte[] picture) throws InterruptedException {
        long began = System.nanoTime();
        HttpRequest request = HttpRequest.newBuilder(server.resolve(PATH))
                .timeout(LOST_AFTER)
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(picture))
                .build();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            String code = response.body().replaceFirst("(?s).*\"code\"\\s*:\\s*\"([A-Z_]+)\".*", "$1");
            return new Answer(
                    response.statusCode(), response.statusCode() == 200 ? "" : code, (System.nanoTime() - began) / 1e9);
        } catch (IOException e) {
            return new Answer(0, e.toString(), (System.nanoTime() - began) / 1e9);
        }
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        for (Path path : paths) {
            try (Stream<Path> found = Files.walk(path)) {
                found.filter(Files::isRegularFile).sorted().forEach(files::add);
            }
        }
        return files;
    }
}
