package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchService;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code gnserve batch} as a process that is killed, from the jar. */
class BatchIT {

    /** So many that they are not all done when the process is killed. */
    private static final int IMAGES = 80;

    private static final int FEW = 6;
    private static final JsonMapper JSON = JsonMapper.shared();

    @TempDir
    private Path folder;

    private Path in;
    private Path out;

    @Test
    void killedTwiceItLosesNothingAndRepeatsNothingThatWasComplete() throws Exception {
        images(IMAGES);
        Map<String, FileTime> complete = killedAfter(1);
        Map<String, FileTime> more = killedAfter(complete.size() + 1);
        assertThat(more).as("what the first run had completed").containsAllEntriesOf(complete);

        JsonNode summary = summary(0, start());

        assertThat(summary.path("images").asInt()).isEqualTo(IMAGES);
        assertThat(summary.path("before").asInt()).isEqualTo(more.size());
        assertThat(summary.path("done").asInt()).isEqualTo(IMAGES - more.size());
        Map<String, FileTime> all = completed();
        assertThat(all).hasSize(IMAGES).containsAllEntriesOf(more);
        for (String name : all.keySet()) {
            JsonNode image = JSON.readTree(Files.readAllBytes(out.resolve(name)))
                    .path("images")
                    .path(0);
            assertThat(image.path("name").asString() + ".json").isEqualTo(name);
            assertThat(image.path("width").asInt()).isEqualTo(128);
            BufferedImage overlay = ImageIO.read(
                    out.resolve(name.replace(".json", ".overlay.png")).toFile());
            assertThat(overlay.getWidth()).isEqualTo(128);
        }
        try (Stream<Path> files = Files.walk(out)) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.endsWith(".part"));
        }
    }

    @Test
    void whatFailsIsToldAndMisuseDoesNothing() throws Exception {
        images(FEW);
        Files.writeString(in.resolve("odd/broken.png"), "no image");

        JsonNode summary = summary(1, start("--shard=0/1"));

        assertThat(summary.path("failed").propertyNames()).containsExactly("odd/broken.png");
        assertThat(JSON.readTree(Files.readAllBytes(out.resolve("odd/broken.png.problem.json")))
                        .path("code")
                        .asString())
                .isEqualTo("UNSUPPORTED_MEDIA");
        assertThat(completed()).hasSize(FEW);
        assertThat(exit(start("--model=nobody"))).isEqualTo(2);
        assertThat(exit(start("--shard=4/4"))).isEqualTo(2);

        new ModelsFolder(folder.resolve("models"))
                .put("fixed", "/models/fixed-scripted.pt", "task: classification\nlabels: [a, b, c]\n");
        assertThat(exit(start("--model=fixed", "--gnserve.models-dir=" + folder.resolve("models"))))
                .as("--picture, and nothing is drawn")
                .isEqualTo(2);
        in = Files.createDirectories(folder.resolve("texts"));
        Files.createFile(in.resolve("a.txt"));
        out = folder.resolve("nothing");
        assertThat(summary(2, start()).path("passedOver").toString()).isEqualTo("{\".txt\":1}");
    }

    private void images(int number) throws IOException {
        in = Files.createDirectories(folder.resolve("in"));
        out = Files.createDirectories(folder.resolve("out"));
        BufferedImage sample = ImageIO.read(new ByteArrayInputStream(Samples.png("fluorescence-256")));
        for (int i = 0; i < number; i++) {
            BufferedImage crop = new BufferedImage(128, 128, BufferedImage.TYPE_BYTE_GRAY);
            Graphics2D graphics = crop.createGraphics();
            graphics.drawImage(sample, -3 * i, -2 * i, null);
            graphics.dispose();
            Path file = in.resolve(i % 2 == 0 ? "even" : "odd").resolve("crop-%02d.png".formatted(i));
            Files.createDirectories(file.getParent());
            ImageIO.write(crop, "png", file.toFile());
        }
    }

    /** Runs until more than so many results are there, and kills it without warning. */
    private Map<String, FileTime> killedAfter(int results) throws Exception {
        try (WatchService watch = out.getFileSystem().newWatchService()) {
            for (String each : List.of("even", "odd")) {
                Files.createDirectories(out.resolve(each))
                        .register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            }
            Process process = start();
            while (completed().size() <= results && process.isAlive()) {
                var key = watch.poll(5, TimeUnit.SECONDS);
                if (key != null) {
                    key.pollEvents();
                    key.reset();
                }
            }
            process.destroyForcibly().waitFor();
        }
        Map<String, FileTime> completed = completed();
        assertThat(completed).hasSizeBetween(results, IMAGES - 1);
        return completed;
    }

    /** What is complete by its name; the folders hold unfinished files too, which come and go while this looks. */
    private Map<String, FileTime> completed() throws IOException {
        Map<String, FileTime> times = new TreeMap<>();
        for (String each : List.of("even", "odd")) {
            try (DirectoryStream<Path> files = Files.newDirectoryStream(out.resolve(each), "*.png.json")) {
                for (Path file : files) {
                    times.put(out.relativize(file).toString(), Files.getLastModifiedTime(file));
                }
            }
        }
        return times;
    }

    private Process start(String... more) throws IOException {
        List<String> command = Jar.command("batch", in.toString(), out.toString(), "--json", "--picture");
        command.addAll(List.of(more));
        if (Stream.of(more).noneMatch(option -> option.startsWith("--model"))) {
            command.add("--model=nuclei-unet-gn");
        }
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static JsonNode summary(int exitCode, Process process) throws Exception {
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isEqualTo(exitCode);
        return JSON.readTree(printed);
    }

    private static int exit(Process process) throws Exception {
        process.getInputStream().readAllBytes();
        return process.waitFor();
    }
}
