package dev.gnserve.workshop.cli;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelSource;
import dev.gnserve.workshop.stress.Overload;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** The server on one core, and ten times what that can do from another. */
@Command(
        name = "overload",
        description = {
            "Many times the load that the server can do: goodput, refusals, latency of what is accepted, memory, recovery.",
            "The server has one core and the clients another, where there are two. Exit code 1 if a promise is broken."
        })
final class OverloadBenchCommand implements Callable<Integer> {

    @Option(names = "--factor", defaultValue = "10", description = "Times the peak (default: ${DEFAULT-VALUE}).")
    private double factor;

    @Option(names = "--seconds", defaultValue = "60", description = "For how long (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!(factor > 0 && factor <= 1000) || seconds < 1) {
            throw new ParameterException(
                    spec.commandLine(), "--factor is above 0 and at most 1000, --seconds 1 or more");
        }
        ModelSource source = BenchSample.model();
        ModelManifest manifest = ManifestReader.read(source.location(), source.manifest());
        boolean apart = CorePinning.isPossible();
        int cores = apart ? 1 : Runtime.getRuntime().availableProcessors();
        int underway =
                manifest.execution().workersOn(cores) * manifest.batching().maxSize();
        try (BenchServer server = BenchServer.startOnCore(0, "1g")) {
            CorePinning.stayOn(1);
            Overload.Report report = Overload.run(
                    server.uri(),
                    factor,
                    Duration.ofSeconds(seconds),
                    manifest.batching().queueCapacity(),
                    underway);
            print(report, apart);
            return report.broken().isEmpty() ? 0 : 1;
        }
    }

    private void print(Overload.Report report, boolean apart) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(report));
        } else {
            out.printf(
                    "JDK %s, server %s%n",
                    Runtime.version(), apart ? "on one core, clients on another" : "and clients on all cores");
            out.printf("peak        %.1f images/s, alone %.0f ms%n", report.peak(), report.idleP50());
            out.printf(
                    "offered     %.0f/s for %.0f s: %,d requests, at worst %.0f ms late%n",
                    report.offered(), report.seconds(), report.requests(), report.worstLag());
            out.printf(
                    "answered    %,d right, %,d refused (429), %,d expired (504), %d wrong, %d lost%n",
                    report.right(), report.refused(), report.expired(), report.wrong(), report.lost());
            out.printf("goodput     %.1f images/s, %.2f of the peak%n", report.goodput(), report.share());
            out.printf(
                    "accepted    p50 %.0f ms, p99 %.0f ms, max %.0f ms; a full queue takes %.0f ms%n",
                    report.p50(), report.p99(), report.max(), report.bound());
            out.printf(
                    "memory      resident %.0f MB before, %.0f MB at most, %.0f MB after%n",
                    report.before(), report.during(), report.after());
            out.printf("recovery    %.0f ms after the last answer%n", report.recovery());
            report.notes().forEach(out::println);
            report.broken().forEach(one -> out.println("BROKEN: " + one));
        }
        out.flush();
    }
}
