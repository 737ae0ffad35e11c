package dev.gnserve.workshop.cli;

import dev.gnserve.model.ModelSource;
import dev.gnserve.workshop.stress.Soak;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Starts the server and lets {@link Soak} loose on it. */
@Command(
        name = "soak",
        description = {
            "Everything at once for a long time: images, tensors, bad uploads, disconnects, reloads, verifications, overload;",
            "every answer is held against the known one. Exit code 1 if one was wrong or lost, a worker died or native memory was left."
        })
final class SoakBenchCommand implements Callable<Integer> {

    @Option(names = "--minutes", defaultValue = "20", description = "For how long (default: ${DEFAULT-VALUE}).")
    private double minutes;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (!(minutes > 0 && minutes <= 10_000)) {
            throw new ParameterException(spec.commandLine(), "--minutes is " + minutes + ", expected 0 to 10000");
        }
        PrintWriter err = spec.commandLine().getErr();
        Path models = Files.createTempDirectory("gnserve-soak");
        String key = UUID.randomUUID().toString();
        try {
            copyOfNuclei(models.resolve(Soak.REPLACED));
            copyOfNuclei(models.resolve(Soak.UNLOADED));
            // An unbounded heap takes what it is offered, and would hide what grows.
            try (BenchServer server = BenchServer.startWithHeap(
                    "1g",
                    "--gnserve.models-dir=" + models,
                    "--gnserve.repository.enabled=true",
                    "--gnserve.access.admin-keys=" + key)) {
                Soak.Report report = Soak.run(
                        URI.create("http://localhost:" + server.port()),
                        key,
                        Duration.ofMillis((long) (minutes * 60_000)),
                        line -> {
                            err.println(line);
                            err.flush();
                        });
                print(report);
                return report.isGood() ? 0 : 1;
            }
        } finally {
            delete(models);
        }
    }

    private static void copyOfNuclei(Path folder) throws IOException {
        ModelSource nuclei = BenchSample.model();
        Files.createDirectories(folder.resolve("1"));
        // Its golden image stays behind: it belongs to the name of the embedded model.
        String manifest = nuclei.manifest().replaceAll("(?m)^golden:.*(\\n[ \\t].*)*", "");
        Files.writeString(folder.resolve("model.yaml"), manifest);
        try (InputStream archive = nuclei.openArchive()) {
            Files.copy(archive, folder.resolve("1").resolve("model.pt"));
        }
    }

    private void print(Soak.Report report) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(report));
        } else {
            List<String> outcomes = List.of("right", "refused", "wrong", "lost", "left");
            out.printf("JDK %s, %d s, %,d requests%n", Runtime.version(), report.seconds(), report.total());
            out.printf("%-26s %9s %9s %9s %9s %9s%n", "kind", "right", "refused", "wrong", "lost", "left");
            for (Map.Entry<String, Map<String, Long>> kind : report.requests().entrySet()) {
                out.printf("%-26s", kind.getKey());
                outcomes.forEach(outcome -> out.printf(" %,9d", kind.getValue().get(outcome)));
                out.println();
            }
            out.printf(
                    "resident MB: start %,.0f, early %,.0f, end %,.0f; native arrays: start %.0f, end %.0f; workers replaced: %.0f%n",
                    report.start().residentMegabytes(),
                    report.early().residentMegabytes(),
                    report.end().residentMegabytes(),
                    report.start().engineArrays(),
                    report.end().engineArrays(),
                    report.replacedWorkers());
            report.notes().forEach(out::println);
            out.println(report.isGood() ? "good" : "NOT GOOD");
        }
        out.flush();
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
