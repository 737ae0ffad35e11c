package dev.gnserve.workshop.cli;

import dev.gnserve.archive.ExecutionPlan;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.imageio.ImageIO;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "curve",
        description = {
            "Throughput and latency of the embedded U-Net over HTTP against the size of the image, the clients, and the models that they ask.",
            "Prints tables in Markdown. A client sends its next image when it has the answer to the last. Exit code 1 if an answer was"
                    + " neither 200 nor 429."
        })
final class CurveBenchCommand implements Callable<Integer> {

    private static final int[] SIDES = {64, 128, 256, 512, 1024, 2048};
    private static final int[] CLIENTS = {1, 2, 4, 8, 16, 32, 64};
    private static final int[] MODELS = {1, 2, 4};
    private static final int USUAL_SIDE = 256;
    private static final int USUAL_CLIENTS = 8;
    private static final int LARGE_SIDE = 512;
    private static final int WARM_UP_SECONDS = 15;

    @Option(
            names = "--seconds",
            defaultValue = "6",
            description = "Of one measurement, more for large images (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--cores",
            split = ",",
            description =
                    "1: the server has one core, and the clients may use all. 2: both may use all (default: 1,2).")
    private List<Integer> cores = List.of(1, 2);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    private final AtomicInteger lost = new AtomicInteger();

    @Override
    public Integer call() throws IOException, InterruptedException, ExecutionException {
        if (cores.contains(1) && !CorePinning.isPossible()) {
            throw new ParameterException(spec.commandLine(), "One core for the server needs two cores and taskset");
        }
        Path folder = Files.createTempDirectory("gnserve-curve");
        try {
            Map<String, @Nullable ExecutionPlan> copies = new LinkedHashMap<>();
            for (int number = 1; number <= MODELS[MODELS.length - 1]; number++) {
                copies.put("copy-" + number, null);
            }
            BenchCopies.write(BenchSample.model(), folder, copies);
            PrintWriter out = spec.commandLine().getOut();
            out.printf("JDK %s, %d s each%n", Runtime.version(), seconds);
            for (int number : cores) {
                List<String> launcher = number == 1 ? CorePinning.launcher(0) : List.of();
                List<String> options = List.of(
                        "--gnserve.models-dir=" + folder, "--gnserve.models=" + String.join(",", copies.keySet()));
                try (BenchServer server = BenchServer.startWith(launcher, List.of("-Xmx2g"), options)) {
                    out.printf(
                            "%n%s%n",
                            number == 1 ? "The server on one core" : "The server and the clients on all cores");
                    measure(server.uri(), List.copyOf(copies.keySet()), out);
                }
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
        return lost.get() == 0 ? 0 : 1;
    }

    private void measure(URI server, List<String> models, PrintWriter out)
            throws IOException, InterruptedException, ExecutionException {
        byte[] usual = picture(USUAL_SIDE);
        run(server, models, usual, USUAL_CLIENTS, WARM_UP_SECONDS);
        out.println(
                "\n| side of the image | 1 client, images/s | p50 ms | p99 ms | 8 clients, images/s | p50 ms | p99 ms |");
        out.println("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for (int side : SIDES) {
            byte[] picture = picture(side);
            // An answer to a large image takes long, and one must begin in the measured time.
            int time = seconds * Math.max(1, side * side / (LARGE_SIDE * LARGE_SIDE));
            out.printf(
                    "| %d | %s | %s |%n",
                    side,
                    run(server, models.subList(0, 1), picture, 1, time),
                    run(server, models.subList(0, 1), picture, USUAL_CLIENTS, time));
            out.flush();
        }
        out.println("\n| clients | images/s | p50 ms | p99 ms |");
        out.println("| ---: | ---: | ---: | ---: |");
        for (int clients : CLIENTS) {
            out.printf("| %d | %s |%n", clients, run(server, models.subList(0, 1), usual, clients, seconds));
            out.flush();
        }
        out.println("\n| models, asked by 8 clients in turn | images/s | p50 ms | p99 ms |");
        out.println("| ---: | ---: | ---: | ---: |");
        for (int number : MODELS) {
            out.printf("| %d | %s |%n", number, run(server, models.subList(0, number), usual, USUAL_CLIENTS, seconds));
            out.flush();
        }
    }

    /** Images a second, median and 99th percentile. */
    private String run(URI server, List<String> models, byte[] picture, int clients, int time)
            throws IOException, InterruptedException, ExecutionException {
        Post.keep(clients);
        List<URL> urls = new ArrayList<>();
        for (String model : models) {
            urls.add(server.resolve("/v1/models/" + model + "/segment").toURL());
        }
        AtomicInteger refused = new AtomicInteger();
        AtomicInteger number = new AtomicInteger();
        Histogram nanos = Rush.of(clients, 1, time, () -> () -> {
            int status = Post.picture(urls.get(Math.floorMod(number.getAndIncrement(), urls.size())), picture);
            if (status == 429) {
                refused.incrementAndGet();
            } else if (status != 200) {
                lost.incrementAndGet();
            }
            return status;
        });
        String figures = String.format(
                Locale.ROOT,
                "%.2f | %.0f | %.0f",
                clients * 1e9 / nanos.getMean(),
                nanos.getValueAtPercentile(50) / 1e6,
                nanos.getValueAtPercentile(99) / 1e6);
        return refused.get() == 0 ? figures : figures + " (" + refused + " refused)";
    }

    /** The sample side by side, as a PNG. */
    private static byte[] picture(int side) throws IOException {
        BufferedImage sample = ImageIO.read(new ByteArrayInputStream(BenchSample.png()));
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        for (int y = 0; y < side; y += sample.getHeight()) {
            for (int x = 0; x < side; x += sample.getWidth()) {
                graphics.drawImage(sample, x, y, null);
            }
        }
        graphics.dispose();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ImageIO.write(image, "png", out);
        return out.toByteArray();
    }
}
