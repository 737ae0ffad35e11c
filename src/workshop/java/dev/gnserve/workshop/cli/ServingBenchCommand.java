package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.cli.ServingBenchClientCommand.Latencies;
import dev.gnserve.workshop.cli.ServingBenchEngineCommand.Loop;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/**
 * The real server, asked over HTTP by a client in a separate process, against a plain loop around the engine in
 * another, with the same workers, threads and process settings, in turns.
 */
@Command(
        name = "serving",
        description = "HTTP serving against the raw engine loop, with one client and with eight.",
        subcommands = {ServingBenchClientCommand.class, ServingBenchEngineCommand.class})
final class ServingBenchCommand implements Callable<Integer> {

    private static final int ROUNDS = 3;

    /** As a server is that has served for a while: its compiler is done with the hot paths. */
    private static final int WARM_UP_SECONDS = 20;

    private static final int[] CLIENTS = {1, 8};

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Option(
            names = "--seconds",
            defaultValue = "10",
            description = "Length of one measurement (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--workers",
            description =
                    "Workers of the engine loop; those of the served model (default: one per core, at most four).")
    private int workers = Math.min(4, Runtime.getRuntime().availableProcessors());

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * Medians over the rounds.
     *
     * @param clients that ask at the same time, each its next image when it has its answer
     * @param engineImagesPerSecond of the raw loop
     * @param httpImagesPerSecond of the server
     * @param ratio of the two in the same round
     * @param forwardMillis of the raw loop, at the median
     * @param p50Millis of the server
     * @param p99Millis of the server
     * @param maxMillis of the server, the worst of all rounds
     * @param fairness p99 over p50
     * @param addedLatency what HTTP adds to the forward pass at the median, as a share of it
     * @param failures answers that were not 200, in all rounds
     */
    record Row(
            int clients,
            double engineImagesPerSecond,
            double httpImagesPerSecond,
            double ratio,
            double forwardMillis,
            double p50Millis,
            double p99Millis,
            double maxMillis,
            double fairness,
            double addedLatency,
            int failures) {}

    /** One measurement of both. */
    private record Round(Loop engine, Latencies http) {

        double ratio() {
            return http.imagesPerSecond() / engine.imagesPerSecond();
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (BenchServer server = BenchServer.start()) {
            client(WARM_UP_SECONDS, 8, server.port());
            List<Row> rows = new ArrayList<>();
            for (int clients : CLIENTS) {
                rows.add(measure(clients, server.port()));
            }
            print(rows);
        }
        return 0;
    }

    private Row measure(int clients, int port) throws IOException {
        List<Round> rounds = new ArrayList<>();
        for (int round = 1; round <= ROUNDS; round++) {
            Loop engine =
                    child(Loop.class, "engine-loop", "--seconds=" + seconds, "--workers=" + Math.min(clients, workers));
            Latencies http = client(seconds, clients, port);
            Round measured = new Round(engine, http);
            rounds.add(measured);
            spec.commandLine()
                    .getErr()
                    .printf(
                            "%d clients, round %d of %d: engine %.2f, HTTP %.2f images/s (%.3f), p50 %.1f ms, p99 %.1f ms%n",
                            clients,
                            round,
                            ROUNDS,
                            engine.imagesPerSecond(),
                            http.imagesPerSecond(),
                            measured.ratio(),
                            http.p50Millis(),
                            http.p99Millis());
        }
        return new Row(
                clients,
                median(rounds, round -> round.engine().imagesPerSecond()),
                median(rounds, round -> round.http().imagesPerSecond()),
                median(rounds, Round::ratio),
                median(rounds, round -> round.engine().p50Millis()),
                median(rounds, round -> round.http().p50Millis()),
                median(rounds, round -> round.http().p99Millis()),
                rounds.stream()
                        .mapToDouble(round -> round.http().maxMillis())
                        .max()
                        .orElseThrow(),
                median(rounds, round -> round.http().p99Millis() / round.http().p50Millis()),
                median(
                        rounds,
                        round -> round.http().p50Millis() / round.engine().p50Millis() - 1),
                rounds.stream().mapToInt(round -> round.http().failures()).sum());
    }

    private static Latencies client(int seconds, int clients, int port) throws IOException {
        return child(Latencies.class, "client", "--seconds=" + seconds, "--clients=" + clients, "--port=" + port);
    }

    private static double median(List<Round> rounds, ToDoubleFunction<Round> value) {
        return rounds.stream()
                .mapToDouble(value)
                .sorted()
                .skip(rounds.size() / 2)
                .findFirst()
                .orElseThrow();
    }

    /** Runs one of the subcommands in a separate process. */
    static <T> T child(Class<T> type, String command, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("bench", "serving", command));
        arguments.addAll(List.of(options));
        return ChildJvm.result(type, arguments.toArray(String[]::new));
    }

    private void print(List<Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(rows));
        } else {
            out.printf("JDK %s, %d cores, %d workers%n", Runtime.version(), cores(), workers);
            out.printf(
                    "%8s %12s %12s %7s %11s %8s %8s %8s %8s %8s %8s%n",
                    "clients",
                    "engine im/s",
                    "HTTP im/s",
                    "ratio",
                    "forward ms",
                    "p50 ms",
                    "p99 ms",
                    "max ms",
                    "p99/p50",
                    "added",
                    "failed");
            for (Row row : rows) {
                out.printf(
                        "%8d %12.2f %12.2f %7.3f %11.1f %8.1f %8.1f %8.1f %8.2f %7.1f%% %8d%n",
                        row.clients(),
                        row.engineImagesPerSecond(),
                        row.httpImagesPerSecond(),
                        row.ratio(),
                        row.forwardMillis(),
                        row.p50Millis(),
                        row.p99Millis(),
                        row.maxMillis(),
                        row.fairness(),
                        100 * row.addedLatency(),
                        row.failures());
            }
        }
        out.flush();
    }

    private static int cores() {
        return Runtime.getRuntime().availableProcessors();
    }
}
