package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.benchmark.GroupNormBenchmark;
import dev.gnserve.workshop.benchmark.GroupNormBenchmark.Report;
import dev.gnserve.workshop.benchmark.GroupNormBenchmark.Row;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "groupnorm",
        description = "The GroupNorm operator against the engine's group_norm and a memory copy, on one thread.")
final class GroupNormBenchCommand implements Callable<Integer> {

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Option(names = "--in-this-jvm", hidden = true)
    private boolean inThisJvm;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!inThisJvm) {
            return measureInChild();
        }
        Report report = GroupNormBenchmark.run();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(report));
        } else {
            print(report, out);
        }
        out.flush();
        return 0;
    }

    /** The vector module and the engine's allocator must be settled before a JVM starts. */
    private int measureInChild() throws IOException, InterruptedException {
        spec.commandLine()
                .getErr()
                .println("Measuring in a JVM of its own, with --add-modules jdk.incubator.vector for the operator and"
                        + " tcmalloc for the engine, where this machine has it.");
        List<String> arguments = new ArrayList<>(List.of("bench", "groupnorm", "--in-this-jvm"));
        if (json) {
            arguments.add("--json");
        }
        Process child = ChildJvm.workshop(arguments.toArray(String[]::new));
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        // The engine's log goes to the same place and comes first.
        output.lines()
                .dropWhile(line -> !line.startsWith(json ? "{" : "JDK "))
                .forEach(spec.commandLine().getOut()::println);
        return child.waitFor();
    }

    private static void print(Report report, PrintWriter out) {
        out.printf("JDK %s, kernel %s: %s%n", Runtime.version(), report.kernel(), report.reason());
        out.printf(
                "%-20s %6s %12s %12s %12s %12s %10s %11s%n",
                "N, C, H, W", "groups", "ours us", "engine us", "copy us", "engine/ours", "ours/copy", "ours bytes");
        for (Row row : report.rows()) {
            String shape = row.shape().toString();
            out.printf(
                    "%-20s %6d %12.1f %12.1f %12.1f %12.2f %10.2f %11d%n",
                    shape.substring(1, shape.length() - 1),
                    row.groups(),
                    row.oursMicros(),
                    row.engineMicros(),
                    row.copyMicros(),
                    row.speedup(),
                    row.copies(),
                    row.oursBytes());
        }
        out.printf("Geometric mean of engine/ours: %.2f%n", report.geometricMean());
    }
}
