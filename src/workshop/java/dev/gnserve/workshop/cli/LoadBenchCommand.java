package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.stress.LoadCurve;
import dev.gnserve.workshop.stress.Replica;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** What one replica does under one load after the other, and how many a load needs. */
@Command(
        name = "load",
        description = {
            "Throughput and latency of one server against the load that is offered, and the replicas that a load needs.",
            "The server has one core and the clients another, where there are two; with --share they share all cores."
        })
final class LoadBenchCommand implements Callable<Integer> {

    private static final int CLIENTS = 16;
    private static final List<Double> OBJECTIVES = List.of(0.05, 0.1, 0.2, 0.5);

    @Option(names = "--share", description = "Server and clients on all cores.")
    private boolean share;

    @Option(
            names = "--loads",
            split = ",",
            defaultValue = "0.2,0.4,0.6,0.8,0.9,1.0,1.5",
            description = "Shares of the capacity (default: ${DEFAULT-VALUE}).")
    private List<Double> loads = List.of();

    @Option(names = "--seconds", defaultValue = "30", description = "For each load (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (seconds < 1 || loads.stream().anyMatch(load -> !(load > 0 && load <= 100))) {
            throw new ParameterException(spec.commandLine(), "--seconds is 1 or more, --loads above 0 and at most 100");
        }
        boolean apart = !share && CorePinning.isPossible();
        try (BenchServer server = apart ? BenchServer.startOnCore(0, "1g") : BenchServer.startWithHeap("1g")) {
            if (apart) {
                CorePinning.stayOn(1);
            }
            LoadCurve.Report report = LoadCurve.run(server.uri(), CLIENTS, loads, Duration.ofSeconds(seconds));
            print(report, apart);
            return report.wrong() == 0 ? 0 : 1;
        }
    }

    private void print(LoadCurve.Report report, boolean apart) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(report));
            out.flush();
            return;
        }
        out.printf(
                "JDK %s, server %s: capacity %.1f images/s; %d wrong or lost%n",
                Runtime.version(),
                apart ? "on one core, clients on another" : "and clients on all cores",
                report.capacity(),
                report.wrong());
        String row = "%6s %9s %9s %8s %8s %8s %8s %10s %10s %7s%n";
        out.printf(
                row,
                "load",
                "offered/s",
                "right/s",
                "refused",
                "p50 ms",
                "p95 ms",
                "p99 ms",
                "wait ms",
                "M/D/1 ms",
                "batch");
        for (LoadCurve.Row one : report.rows()) {
            out.printf(
                    row,
                    "%.2f".formatted(one.share()),
                    "%.1f".formatted(one.offered()),
                    "%.1f".formatted(one.goodput()),
                    "%.3f".formatted(one.refused()),
                    "%.0f".formatted(one.p50()),
                    "%.0f".formatted(one.p95()),
                    "%.0f".formatted(one.p99()),
                    "%.0f".formatted(one.meanWait()),
                    "%.0f".formatted(one.predictedWait()),
                    "%.2f".formatted(one.meanBatch()));
        }
        Replica replica = new Replica(report.capacity());
        out.printf("%nmean wait at most: images/s for each replica, replicas for 100 images/s%n");
        for (double wait : OBJECTIVES) {
            out.printf("%6.0f ms %10.1f %6d%n", 1000 * wait, replica.rateFor(wait), replica.replicasFor(100, wait));
        }
        out.flush();
    }
}
