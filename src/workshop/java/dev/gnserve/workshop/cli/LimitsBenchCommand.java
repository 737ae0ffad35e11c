package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.stress.Mix;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "limits",
        description = {
            "The server within a memory limit, under clients that send pictures of folders at random.",
            "Exit code 1 if it was killed, or if an answer was lost or differs from the one that its picture had alone."
        })
final class LimitsBenchCommand implements Callable<Integer> {

    @Option(
            names = "--memory",
            paramLabel = "MB",
            defaultValue = "4096",
            description = "Limit of the control group (default: ${DEFAULT-VALUE}, the chart's).")
    private long megabytes;

    @Option(names = "--minutes", defaultValue = "10", description = "For how long (default: ${DEFAULT-VALUE}).")
    private double minutes;

    @Option(names = "--clients", defaultValue = "8", description = "How many (default: ${DEFAULT-VALUE}).")
    private int clients;

    @Option(
            names = "--pictures",
            paramLabel = "DIR",
            required = true,
            description = "Folder of files to send; may be given several times.")
    private List<Path> pictures = List.of();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        PrintWriter err = spec.commandLine().getErr();
        PrintWriter out = spec.commandLine().getOut();
        try (MemoryGroup group = MemoryGroup.of(megabytes << 20)) {
            Mix.Report report;
            double peak;
            boolean alive;
            List<String> lastLines;
            try (BenchServer server =
                    BenchServer.startWith(group.launcher(), List.of("-XX:MaxRAMPercentage=45"), List.of())) {
                report =
                        Mix.run(server.uri(), pictures, clients, Duration.ofMillis((long) (minutes * 60_000)), line -> {
                            err.println(line);
                            err.flush();
                        });
                peak = server.peakMegabytes();
                alive = server.isAlive();
                lastLines = server.lastLines();
            }
            out.printf("JDK %s, limit %,d MB, %d clients, %.1f min%n", Runtime.version(), megabytes, clients, minutes);
            out.println("alone, by status: " + report.alone());
            out.println("together, by status: " + report.statuses());
            out.printf("wrong %d, lost %d%n", report.wrong(), report.lost());
            report.notes().forEach(out::println);
            out.printf(
                    "resident at most %,.0f MB; with files %,d MB; killed %d%n",
                    peak, group.peak() >> 20, group.kills());
            boolean good = alive && group.kills() == 0 && report.wrong() == 0 && report.lost() == 0;
            if (!good) {
                out.println("the server wrote last:");
                lastLines.forEach(out::println);
            }
            out.println(good ? "good" : "NOT GOOD");
            out.flush();
            return good ? 0 : 1;
        }
    }
}
