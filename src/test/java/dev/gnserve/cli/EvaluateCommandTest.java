package dev.gnserve.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.numpy.NumpyFile;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
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
    private static final Path TRUE_VOLUMES = Path.of("src/test/resources/evaluation/volumes");
    private static final Path VOLUMES = Path.of("src/test/resources/volumes");

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
        assertThat(evaluate("--data", "data", "--min-dice", "0.1")).isEqualTo(2);
        assertThat(err.toString())
                .contains(
                        "--min-dice goes with a figure that is not measured here; allowed here: --min-pq, --min-f1, --min-ap50");
        assertThat(evaluate("--data", "data", "--masks")).isEqualTo(2);
        assertThat(err.toString()).contains("--masks go with a dataset file");
    }

    @ParameterizedTest
    @CsvSource({
        "deep-scripted, 'task: segmentation, labels: [bright]'",
        "torchvision-scripted, 'task: detection, labels: [a, b]'"
    })
    void anImageOfAnotherSizeThanInItsDatasetFileIsNamed(String archive, String manifest) throws IOException {
        model(archive, manifest.replace(", l", "\nl"));
        image("a.png", Color.BLACK);

        dataset(80, 64);
        refused("a.png has 40 x 32 pixels when it is upright, and the dataset file says 80 x 64");
        assertThat(err.toString()).contains("or scale the annotations");
        dataset(32, 40);
        refused("and the dataset file says 32 x 40");
        assertThat(err.toString()).contains("remove the orientation");
        dataset(40, 32);
        assertThat(evaluate("--data", "data"))
                .as("measured; without objects, no figure is defined: %s", err)
                .isZero();
    }

    /** Red has the score 250 / 255, green 160 / 255, and each box is exact: all are ranked, and only red is served. */
    @Test
    void onlyMasksThatAreServedCountForTheQualityOfADetector() throws IOException {
        model("instances-scripted", """
                task: detection
                labels: [red, green]
                thresholds: {score: 0.9}
                input: {normalization: {kind: fixed, scale: 0.00392156862745098}}
                """);
        BufferedImage image = new BufferedImage(40, 32, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 8 * 8; i++) {
            image.setRGB(4 + i % 8, 4 + i / 8, 0xFA0000);
            image.setRGB(24 + i % 8, 4 + i / 8, 0x00A000);
        }
        ImageIO.write(image, "png", folder.resolve("a.png").toFile());
        Files.writeString(folder.resolve("data"), """
                {"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 32}],
                 "categories": [{"id": 1, "name": "red"}, {"id": 2, "name": "green"}],
                 "annotations": [
                   {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[4, 4, 12, 4, 12, 12, 4, 12]]},
                   {"id": 2, "image_id": 1, "category_id": 2, "segmentation": [[24, 4, 32, 4, 32, 12, 24, 12]]}]}
                """);

        assertThat(evaluate("--data", "data", "--masks", "--json"))
                .as("%s", err)
                .isZero();

        JsonNode report = JsonMapper.shared().readTree(out.toString());
        assertThat(report.path("ap50").asDouble()).isEqualTo(1);
        assertThat(report.path("predicted").asInt()).isEqualTo(1);
        assertThat(report.path("rq").asDouble()).isEqualTo(0.5);
        assertThat(report.path("recall").asDouble()).isEqualTo(0.5);
    }

    @Test
    void whatCannotBeMeasuredIsRefused() throws IOException {
        model("fixed-scripted", "task: classification\nlabels: [red, green, blue]\n");
        image("data/red/one.png", Color.RED);

        assertThat(evaluate("--data", "data", "--report", "none/report.html")).isEqualTo(2);
        assertThat(err.toString()).contains("--report is ", "name a file in a folder that exists");
        String results = folder.resolve("results.json").toString();
        assertThat(evaluate("--data", "data", "--results", results)).isEqualTo(2);
        assertThat(err.toString()).contains("--results goes with a COCO dataset file, and --data is ");
        assertThat(evaluate("--data", "data", "--split", "train")).isEqualTo(2);
        assertThat(err.toString()).contains("--split goes with the data set of an embedded model");
        Files.writeString(folder.resolve("data/red/two.png"), "text");
        refused("two.png: ");

        Files.writeString(folder.resolve("mine/model.yaml"), "task: segmentation\nlabels: [bright]\n");
        Files.delete(folder.resolve("data/red/two.png"));
        Files.delete(folder.resolve("data/red/one.png"));
        Files.delete(folder.resolve("data/red"));
        Files.delete(folder.resolve("data"));
        dataset(40, 32);
        assertThat(evaluate("--data", "data", "--fold", "1/5")).isEqualTo(2);
        assertThat(err.toString()).contains("--fold goes with the data set of an embedded detector");
    }

    private void dataset(int width, int height) throws IOException {
        Files.writeString(
                folder.resolve("data"),
                "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": %d, \"height\": %d}], \"annotations\": [], \"categories\": []}"
                        .formatted(width, height));
    }

    /** Sigmoid of log(share) is share / (1 + share): all three labels are above the threshold at each pixel. */
    @Test
    void ofLabelsThatOverlapTheMostProbableOneIsJudged() throws IOException {
        model(
                "logarithm-scripted",
                "task: segmentation\nlabels: [red, green, blue]\noutput: {decoder: sigmoid}\nthresholds: {mask: 0.05}\n");
        image("data/images/one.png", new Color(100, 150, 50));
        BufferedImage green = new BufferedImage(40, 32, BufferedImage.TYPE_BYTE_GRAY);
        int[] numbers = new int[40 * 32];
        Arrays.fill(numbers, 2);
        green.getRaster().setSamples(0, 0, 40, 32, 0, numbers);
        Files.createDirectories(folder.resolve("data/masks"));
        ImageIO.write(green, "png", folder.resolve("data/masks/one.png").toFile());

        assertThat(evaluate("--data", "data", "--json")).as("%s", err).isZero();

        assertThat(JsonMapper.shared().readTree(out.toString()).path("accuracy").asDouble())
                .isEqualTo(1);
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

    private static final String VOLUME = """
            task: segmentation
            labels: %s
            input:
              volume:
                window: [8, 8, 8]
                overlap: [0.25]
                blending: gaussian
                steps: [{kind: zero-mean, epsilon: 1.0e-6}]
            %s
            """;

    private static final String BETWEEN = VOLUME.formatted("[dim]", """
            output:
              decoder: watershed
              channels: [background, dim, boundary]
              steps: [{kind: softmax}]
              watershed: {threshold: 0.6, seedSigma: 0.6, boundarySigma: 0, minimumArea: 12}
            thresholds: {mask: 0.2}
            """);

    /** The figures are those of NumPy: make_volumes.py. */
    @Test
    void labelsOfVoxelsAreMeasuredOnVolumes() throws IOException {
        volumes(VOLUME.formatted("[dim, bright]", ""));
        JsonNode expected = expected("masks");
        Files.copy(VOLUMES.resolve("turned.nii.gz"), folder.resolve("data/images/two.nii.gz"));
        truth("masks/one.npy");
        truth("masks/two.nii.gz");

        assertThat(evaluate("--data", "data", "--json", "--report", "report.html"))
                .as("%s", err)
                .isZero();

        JsonNode report = JsonMapper.shared().readTree(out.toString());
        assertThat(report.path("images").asInt()).isEqualTo(2);
        assertThat(report.path("confusion")).isEqualTo(expected.path("confusion"));
        for (String figure : new String[] {"accuracy", "meanDice", "foregroundDice"}) {
            assertThat(report.path(figure).asDouble())
                    .as(figure)
                    .isEqualTo(expected.path(figure).asDouble(), within(1e-12));
        }
        for (int label = 0; label < 3; label++) {
            JsonNode row = report.path("byClass").path(label);
            for (String figure : new String[] {"iou", "dice"}) {
                assertThat(row.path(figure).asDouble())
                        .as("%s of %d", figure, label)
                        .isEqualTo(expected.path(figure).path(label).asDouble(), within(1e-12));
            }
        }
        assertThat(Files.readString(folder.resolve("report.html")))
                .contains("2 volumes", "true voxels", "one.npy", "data:image/jpeg");
        double dice = expected.path("meanDice").asDouble();
        assertThat(evaluate("--data", "data", "--min-dice", String.valueOf(dice + 0.001)))
                .isEqualTo(1);
    }

    /** The figures are those of NumPy: make_volumes.py. */
    @Test
    void separateObjectsAreMeasuredInVolumes() throws IOException {
        volumes(BETWEEN);
        JsonNode expected = expected("objects");
        truth("objects/one.npy");

        assertThat(evaluate("--data", "data", "--json", "--report", "report.html"))
                .as("%s", err)
                .isZero();

        JsonNode report = JsonMapper.shared().readTree(out.toString());
        for (String figure : expected.propertyNames()) {
            JsonNode given = figure.equals("matched") ? report.path("byClass").path(0) : report;
            assertThat(given.path(figure).asDouble())
                    .as(figure)
                    .isEqualTo(expected.path(figure).asDouble(), within(1e-9));
        }
        assertThat(report.path("ap50").isNull()).isTrue();
        assertThat(evaluate("--data", "data", "--min-ap50", "0.5")).isEqualTo(2);
        assertThat(err.toString())
                .contains("the model takes volumes: give a folder with images/ and masks/ or objects/");
    }

    @Test
    void aVolumeOfTruthThatDoesNotGoWithItsVolumeIsNamed() throws IOException {
        volumes(VOLUME.formatted("[dim, bright]", ""));
        Files.createDirectories(folder.resolve("data/masks"));
        refused("has no volume of truth in ");
        Path mask = folder.resolve("data/masks/one.npy");
        new NumpyFile(new long[] {11, 13, 9}, new float[11 * 13 * 9]).write(mask);
        refused("one.npy is 11 x 13 x 9 (z, y, x), and its volume 11 x 9 x 13 (z, y, x)");
        float[] values = new float[11 * 9 * 13];
        values[2 * 9 * 13 + 4 * 13 + 5] = 1.5f;
        new NumpyFile(new long[] {11, 9, 13}, values).write(mask);
        refused("has the value 1.5 at (5, 4, 2); allowed are whole numbers from 0 to 16777215");
        values[2 * 9 * 13 + 4 * 13 + 5] = 3;
        new NumpyFile(new long[] {11, 9, 13}, values).write(mask);
        refused("has the value 3 at (5, 4, 2); allowed are 0 for background, 1 to 2 for the labels [dim, bright]");
        Files.writeString(folder.resolve("data/masks/one.tif"), "text");
        refused("has two volumes of one name, one.npy and one.tif; move one away");
        Files.delete(mask);
        refused("one.tif: these 4 bytes are not a volume that is read here");
        Files.writeString(folder.resolve("data/images/notes.txt"), "text");
        refused("notes.txt is no volume by its ending, and no folder of Zarr");
        Files.delete(folder.resolve("data/images/notes.txt"));
        Files.delete(folder.resolve("data/masks/one.tif"));
        Files.delete(folder.resolve("data/images/one.npy"));

        // The truth is half a voxel away in space.
        Files.copy(VOLUMES.resolve("turned.nii.gz"), folder.resolve("data/images/two.nii.gz"));
        truth("masks/two.nii.gz");
        Path moved = folder.resolve("data/masks/two.nii.gz");
        byte[] nifti;
        try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(moved))) {
            nifti = in.readAllBytes();
        }
        ByteBuffer header = ByteBuffer.wrap(nifti).order(ByteOrder.LITTLE_ENDIAN);
        header.putFloat(292, header.getFloat(292) + 0.25f);
        Files.delete(moved);
        Files.write(folder.resolve("data/masks/two.nii"), nifti);
        refused("two.nii has other places of its voxels in space (sform or qform) than its volume");

        Files.writeString(
                folder.resolve("mine/model.yaml"), VOLUME.formatted("[dim, bright]", "thresholds: {mask: 0.5}"));
        refused("the labels [dim, bright] may overlap");
    }

    private void refused(String why) {
        assertThat(evaluate("--data", "data")).isEqualTo(2);
        assertThat(err.toString()).contains(why);
    }

    /** A model of volumes, and a folder with one volume. */
    private void volumes(String manifest) throws IOException {
        Files.createDirectories(folder.resolve("mine/1"));
        Files.copy(VOLUMES.resolve("network.pt"), folder.resolve("mine/1/model.pt"));
        Files.writeString(folder.resolve("mine/model.yaml"), manifest);
        Files.createDirectories(folder.resolve("data/images"));
        Files.copy(VOLUMES.resolve("plain.npy"), folder.resolve("data/images/one.npy"));
    }

    private static JsonNode expected(String kind) throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readString(TRUE_VOLUMES.resolve("expected.json")))
                .path(kind);
    }

    private void truth(String file) throws IOException {
        Path target = folder.resolve("data").resolve(file);
        Files.createDirectories(Objects.requireNonNull(target.getParent()));
        Files.copy(TRUE_VOLUMES.resolve(file), target);
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
