package dev.gnserve.workshop.cli;

import dev.gnserve.model.Task;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a large image needs, beside what a smaller one of many tiles does: the engine's memory is that of a few tiles for
 * both, so the difference is what grows with the image.
 */
@Command(name = "memory", description = "Peak resident memory of the server for a large image and for a smaller one.")
final class MemoryBenchCommand implements Callable<Integer> {

    /** A sample that is repeated over an image, and the model that it is for. */
    private record Subject(String model, Task task, String sample) {}

    private static final List<Subject> SUBJECTS = List.of(
            new Subject(BenchSample.MODEL, Task.SEGMENTATION, "/samples/nuclei/fluorescence-256.png"),
            new Subject("bloodcell-fcos-gn", Task.DETECTION, "/samples/bloodcells/BloodImage_00271.jpg"));

    /** After so many the engine's memory no longer grows. */
    private static final int SMALL_IMAGES = 8;

    @Option(
            names = "--sides",
            split = ",",
            defaultValue = "2000,8000",
            description = "Sides of the two images in pixels (default: ${DEFAULT-VALUE}).")
    private List<Integer> sides = List.of();

    @Option(names = "--json", description = "For machines.")
    private boolean json;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /**
     * One model's.
     *
     * @param smallMegabytes peak after eight of the smaller image
     * @param largeMegabytes peak after the larger one
     * @param bytesPerPixel that the larger one needs more, for each pixel that it has more
     */
    record Row(
            String model,
            int smallSide,
            int largeSide,
            double idleMegabytes,
            double smallMegabytes,
            double largeMegabytes,
            double bytesPerPixel) {}

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (sides.size() != 2 || sides.get(0) < 1 || sides.get(1) <= sides.get(0)) {
            throw new ParameterException(
                    spec.commandLine(), "--sides is " + sides + ", expected two sides such as 2000,8000");
        }
        List<Row> rows = new ArrayList<>();
        for (Subject subject : SUBJECTS) {
            rows.add(measure(subject, sides.get(0), sides.get(1)));
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(rows));
        } else {
            out.printf("JDK %s, peak resident MB%n", Runtime.version());
            out.printf(
                    "%-20s %8s %12s %12s %14s%n",
                    "model", "idle", sides.get(0) + " px", sides.get(1) + " px", "bytes/pixel");
            for (Row row : rows) {
                out.printf(
                        "%-20s %8.0f %12.0f %12.0f %14.1f%n",
                        row.model(),
                        row.idleMegabytes(),
                        row.smallMegabytes(),
                        row.largeMegabytes(),
                        row.bytesPerPixel());
            }
        }
        out.flush();
        return 0;
    }

    private Row measure(Subject subject, int smallSide, int largeSide) throws IOException, InterruptedException {
        byte[] small = repeated(subject.sample(), smallSide);
        byte[] large = repeated(subject.sample(), largeSide);
        // An unbounded heap takes what it is offered: its size would tell nothing of what is needed.
        try (BenchServer server = BenchServer.startWithHeap("1536m")) {
            double idle = server.peakMegabytes();
            for (int i = 0; i < SMALL_IMAGES; i++) {
                send(server, subject, small);
            }
            double afterSmall = server.peakMegabytes();
            send(server, subject, large);
            double afterLarge = server.peakMegabytes();
            double morePixels = (double) largeSide * largeSide - (double) smallSide * smallSide;
            return new Row(
                    subject.model(),
                    smallSide,
                    largeSide,
                    idle,
                    afterSmall,
                    afterLarge,
                    (afterLarge - afterSmall) * (1 << 20) / morePixels);
        }
    }

    private static void send(BenchServer server, Subject subject, byte[] image)
            throws IOException, InterruptedException {
        String path = subject.task().path(subject.model());
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path))
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(image))
                .build();
        int status = HttpClient.newHttpClient()
                .send(request, BodyHandlers.discarding())
                .statusCode();
        if (status != 200) {
            throw new IllegalStateException(path + " answers " + status);
        }
    }

    /** A square PNG of a sample, side by side. */
    private static byte[] repeated(String sample, int side) throws IOException {
        BufferedImage image = new BufferedImage(side, side, BufferedImage.TYPE_3BYTE_BGR);
        try (InputStream in = MemoryBenchCommand.class.getResourceAsStream(sample)) {
            if (in == null) {
                throw new FileNotFoundException("no " + sample + " on the class path");
            }
            BufferedImage one = ImageIO.read(in);
            Graphics2D graphics = image.createGraphics();
            for (int y = 0; y < side; y += one.getHeight()) {
                for (int x = 0; x < side; x += one.getWidth()) {
                    graphics.drawImage(one, x, y, null);
                }
            }
            graphics.dispose();
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }
}
