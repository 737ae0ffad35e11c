package dev.gnserve.workshop.cli;

import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.UprightImage;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** Each picture is decoded several times in turn with the others, in one thread of a warm JVM. Its processor time counts: other work on the machine disturbs less. */
@Command(name = "decode", description = "Processor time of decoding pictures: the median of several rounds.")
final class DecodeBenchCommand implements Callable<Integer> {

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Pictures.")
    private List<Path> files = List.of();

    @Option(
            names = "--rounds",
            defaultValue = "7",
            description = "Measured rounds, after three others (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * One picture's.
     *
     * @param megapixels in units of 1,000,000
     * @param milliseconds of processor time, median
     */
    record Row(String file, double megapixels, double milliseconds) {}

    @Override
    public Integer call() throws IOException {
        ThreadMXBean processor = ManagementFactory.getThreadMXBean();
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
        List<byte[]> pictures = new ArrayList<>();
        for (Path file : files) {
            pictures.add(Files.readAllBytes(file));
        }
        List<List<Double>> times = pictures.stream()
                .map(any -> (List<Double>) new ArrayList<Double>())
                .toList();
        List<Row> rows = new ArrayList<>();
        for (int round = -3; round < rounds; round++) {
            for (int i = 0; i < pictures.size(); i++) {
                long began = processor.getCurrentThreadCpuTime();
                UprightImage image = decoder.decode(pictures.get(i));
                double millis = (processor.getCurrentThreadCpuTime() - began) / 1e6;
                if (round >= 0) {
                    times.get(i).add(millis);
                }
                if (round == rounds - 1) {
                    double megapixels = (double) image.width() * image.height() / 1e6;
                    double median = times.get(i).stream().sorted().toList().get(rounds / 2);
                    rows.add(new Row(files.get(i).getFileName().toString(), megapixels, median));
                }
            }
        }
        if (json) {
            spec.commandLine().getOut().println(JsonMapper.shared().writeValueAsString(rows));
        } else {
            for (Row row : rows) {
                spec.commandLine()
                        .getOut()
                        .printf("%-40s %6.1f Mpx %9.1f ms%n", row.file, row.megapixels, row.milliseconds);
            }
        }
        return 0;
    }
}
