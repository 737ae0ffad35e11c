package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The whole command, on images of one colour each. Figures by themselves are tested in dev.gnserve.evaluation. */
class EvaluateCommandTest {

    private static final Path THRESHOLDS = Path.of("src/test/resources/evaluation/thresholds");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aClassifierIsMeasuredOnAFolderForEachLabel() throws IOException {
        model("fixed-scripted", "task: classification\nlabels: [red, green, blue]\n");
        image("data/red/one.png", Color.RED);
        image("data/red/<wrong>.png", Color.GREEN);
        image("data/blue/one.png", Color.BLUE);
        image("data/blue/two.png", Color.BLUE);

        assertThat(evaluate("--data", "data", "--json", "--report", "report.html", "--min-accuracy", "0.8"))
                .as("three of four are right")
                .isEqualTo(1);

        JsonNode report = JsonMapper.shared().readTree(out.toString());
        assertThat(report.path("accuracy").asDouble()).isEqualTo(0.75);
        assertThat(report.path("confusion").toString()).isEqualTo("[[1,1,0],[0,0,0],[0,0,2]]");
        String page = Files.readString(folder.resolve("report.html"));
        assertThat(page).contains("0.7500").containsSubsequence("The worst images", "&lt;wrong&gt;.png", "one.png");
        assertThat(page).doesNotContain("<wrong>");
    }

    @Test
    void labelsThatDoNotExcludeEachOtherAreRefused() throws IOException {
        model("fixed-scripted", "task: classification\nlabels: [red, green, blue]\noutput: {decoder: sigmoid}\n");
        image("data/red/one.png", Color.RED);

        assertThat(evaluate("--data", "data")).isEqualTo(2);
        assertThat(err.toString()).contains("do not exclude each other");
    }

    @Test
    void separateObjectsAreMeasuredOnPicturesOfObjectNumbers() throws IOException {
        model("deep-scripted", "task: segmentation\nlabels: [bright]\n");
        image("data/images/one.png", Color.BLACK);
        BufferedImage numbers = new BufferedImage(40, 32, BufferedImage.TYPE_USHORT_GRAY);
        numbers.getRaster().setSample(3, 4, 0, 700);
        Files.createDirectories(folder.resolve("data/objects"));
        ImageIO.write(numbers, "png", folder.resolve("data/objects/one.png").toFile());

        assertThat(evaluate("--data", "data", "--min-pq", "0.1"))
                .as("nothing is found")
                .isEqualTo(1);
        assertThat(out.toString()).containsPattern("bright +1 +0 ");
        assertThat(evaluate("--data", "data", "--masks")).isEqualTo(2);
        assertThat(err.toString()).contains("--masks go with a dataset file");
    }

    /** The figures are those of numpy and scipy: make_thresholds.py. */
    @ParameterizedTest
    @CsvSource({
        "masks, foreground-scripted, [bright], 0.7",
        "classes, logarithm-scripted, '[green, blue]', 0.45",
        "objects, foreground-scripted, [bright], 0.4"
    })
    void theBestThresholdOfSegmentationIsWritten(String kind, String archive, String labels, String best)
            throws IOException {
        JsonNode expected = JsonMapper.shared().readTree(Files.readString(THRESHOLDS.resolve("expected.json")));
        double[] figures = expected.path(kind)
                .valueStream()
                .mapToDouble(JsonNode::asDouble)
                .toArray();
        String manifest = "task: segmentation\nlabels: %s\n".formatted(labels);
        model(archive, manifest);

        JsonNode before = search(kind);
        String written = Files.readString(folder.resolve("mine/model.yaml"));
        String said = err.toString();
        JsonNode after = search(kind);

        assertThat(before.path("thresholds")
                        .valueStream()
                        .mapToDouble(each -> each.path("figure").asDouble())
                        .toArray())
                .containsExactly(figures, within(1e-9));
        if (kind.equals("classes")) {
            assertThat(figure(before)).isCloseTo(expected.path("mostProbable").asDouble(), within(1e-9));
        }
        assertThat(written).isEqualTo(manifest + "thresholds:\n  mask: %s\n".formatted(best));
        assertThat(said).contains("model.yaml has thresholds.mask " + best + " now", "gnserve golden");
        assertThat(figure(after))
                .as("as it was promised")
                .isCloseTo(Arrays.stream(figures).max().orElseThrow(), within(1e-9));
        assertThat(err.toString()).contains("stays as it is");
        assertThat(folder.resolve("mine/model.yaml")).hasContent(written);
    }

    private JsonNode search(String kind) {
        out.getBuffer().setLength(0);
        Path data = THRESHOLDS.resolve(kind).toAbsolutePath();
        assertThat(evaluate("--data", data.toString(), "--write-threshold", "--json"))
                .as("%s", err)
                .isZero();
        return JsonMapper.shared().readTree(out.toString());
    }

    private static double figure(JsonNode report) {
        return report.path(report.has("meanDice") ? "meanDice" : "rq").asDouble();
    }

    @Test
    void aThresholdThatWouldHaveNoEffectIsNotSearched() throws IOException {
        String data = THRESHOLDS.resolve("classes").toAbsolutePath().toString();
        String manifest = "task: segmentation\nlabels: [green, blue]\noutput: {exclusive: true}\n";
        model("logarithm-scripted", manifest);

        assertThat(evaluate("--data", data, "--write-threshold")).isEqualTo(2);
        assertThat(err.toString()).contains("output.exclusive");
        assertThat(folder.resolve("mine/model.yaml")).hasContent(manifest);

        Files.writeString(folder.resolve("mine/model.yaml"), "task: classification\nlabels: [a, b, c]\n");
        assertThat(evaluate("--data", data, "--write-threshold")).isEqualTo(2);
        assertThat(err.toString()).contains("goes with detection and segmentation");
    }

    private void model(String archive, String manifest) throws IOException {
        Path version = Files.createDirectories(folder.resolve("mine/1"));
        try (InputStream in = getClass().getResourceAsStream("/models/" + archive + ".pt")) {
            Files.copy(Objects.requireNonNull(in), version.resolve("model.pt"));
        }
        Files.writeString(folder.resolve("mine/model.yaml"), manifest);
    }

    private void image(String file, Color colour) throws IOException {
        BufferedImage image = new BufferedImage(40, 32, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(colour);
        graphics.fillRect(0, 0, 40, 32);
        graphics.dispose();
        Path path = folder.resolve(file);
        Files.createDirectories(Objects.requireNonNull(path.getParent()));
        ImageIO.write(image, "png", path.toFile());
    }

    /** Options that are names of files are in the folder of the test. */
    private int evaluate(String... options) {
        CommandLine command = GnserveCommand.commandLine();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        String[] arguments = new String[options.length + 2];
        arguments[0] = "evaluate";
        arguments[1] = folder.resolve("mine").toString();
        for (int i = 0; i < options.length; i++) {
            boolean file = i > 0 && (options[i - 1].equals("--data") || options[i - 1].equals("--report"));
            arguments[i + 2] = file ? folder.resolve(options[i]).toString() : options[i];
        }
        return command.execute(arguments);
    }
}
