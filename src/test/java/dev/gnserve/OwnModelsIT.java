package dev.gnserve;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntBinaryOperator;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/**
 * Archives as users bring them (models/make.py): traced and scripted, with tensors, dictionaries and lists of dictionaries
 * as outputs. What each computes for the painted images is known by hand, or from PyTorch where that is said.
 */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ExtendWith(OutputCaptureExtension.class)
class OwnModelsIT {

    private static final int RED = 0xFF0000;
    private static final int GREEN = 0x00FF00;

    private static final String GOLDEN =
            "task: detection\nlabels: [red, green]\ngolden: {image: a.png, expected: a.json}";

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("cells", "/models/classifier-traced.pt", "task: classification\nlabels: [a, b, c, d]");
        folder.put(
                "marks",
                "/models/classifier-traced.pt",
                "task: classification\nlabels: [a, b, c, d]\noutput: {decoder: sigmoid}");
        folder.put("instances", "/models/instances-scripted.pt", "task: detection\nlabels: [red, green]");
        folder.put("torchvision", "/models/torchvision-scripted.pt", "task: detection\nlabels: [red, green]");
        folder.put("one-image", "/models/one-image-scripted.pt", "task: detection\nlabels: [red, green]");
        folder.put(
                "twice",
                "/models/instances-scripted.pt",
                "task: detection\nlabels: [red, green]\ninput: {resize: {mode: stretch, width: 80, height: 48}}");
        folder.put("unnamed", "/models/instances-scripted.pt", "task: detection\nlabels: [red]");
        folder.put(
                "greens", "/models/instances-scripted.pt", "task: detection\nlabels: [green]\noutput: {firstLabel: 2}");
        folder.put("coarse", "/models/coarse-scripted.pt", "task: segmentation\nlabels: [green, blue]");
        folder.put("overlapping", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [red, green, blue]
                output: {decoder: sigmoid}
                thresholds: {mask: 0.9}
                """);
        folder.put("deep", "/models/deep-scripted.pt", "task: segmentation\nlabels: [bright]");
        folder.put("fixed", "/models/fixed-scripted.pt", "task: classification\nlabels: [red, green, blue]");
        folder.put("narrow", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 2, maxDelay: 3s, queueCapacity: 2}
                """);
        folder.put("foreground", "/models/foreground-scripted.pt", "task: segmentation\nlabels: [bright]");
        folder.put("logarithm", "/models/logarithm-scripted.pt", "task: segmentation\nlabels: [green, blue]");
        folder.put("never", "/models/logarithm-scripted.pt", "task: segmentation\nlabels: [green, blue]");
        negate("never");
        folder.put("gray", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                input: {colour: gray}
                """);
        folder.put("unscored", "/models/bloodcell-fcos-gn/1/model.pt", """
                task: detection
                labels: [RBC, WBC]
                warmUp: {shapes: [[3, 64, 64]]}
                """);
        folder.put("miscounted", "/models/coarse-scripted.pt", "task: segmentation\nlabels: [green]");
        folder.put(
                "misnamed",
                "/models/coarse-scripted.pt",
                "task: segmentation\nlabels: [green, blue]\noutput: {name: logits}");
        folder.put("sure", "/models/instances-scripted.pt", GOLDEN);
        putGolden("sure", 5);
        folder.put("unsure", "/models/instances-scripted.pt", GOLDEN);
        putGolden("unsure", 7);
        folder.put("forgotten", "/models/instances-scripted.pt", GOLDEN);
        properties.add("gnserve.models-dir", () -> models);
    }

    /** The logarithms of numbers that have none. */
    private static void negate(String name) {
        Path file = models.resolve(name).resolve("1").resolve("model.pt");
        try {
            TorchScriptArchive archive = TorchScriptArchive.of(Files.readAllBytes(file));
            Files.write(
                    file,
                    Rewrites.code(archive, "code/__torch__.py", "torch.log(x)", "torch.log(torch.neg(x))")
                            .toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A red square at x = 5, and the promise of one at some other place. */
    private static void putGolden(String name, int promised) {
        byte[] image = png(32, 32, (x, y) -> x >= 5 && x < 15 && y >= 5 && y < 15 ? RED : 0);
        // Of a mask of 10 x 10 pixels: 32 rows to a column.
        String counts =
                CocoRle.of(LabelMap.of(32, 32, square(promised)), 1).counts().replace("\\", "\\\\");
        String expected = """
                {"images":[{"width":32,"height":32,"detections":[{"label":"red","score":1.0,
                  "box":{"x":%d,"y":5.0,"width":10.0,"height":10.0},
                  "mask":{"encoding":"coco-rle","size":[32,32],"counts":"%s"}}]}]}
                """.formatted(promised, counts);
        try {
            Files.write(models.resolve(name).resolve("a.png"), image);
            Files.writeString(models.resolve(name).resolve("a.json"), expected);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] square(int left) {
        byte[] picture = new byte[32 * 32];
        for (int y = 5; y < 15; y++) {
            for (int x = left; x < left + 10; x++) {
                picture[y * 32 + x] = 1;
            }
        }
        return picture;
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void classifierRanksItsLabels() {
        byte[] image = png(32, 32, (x, y) -> {
            int sample = (y * 32 + x) * 3;
            return 7 * sample % 256 << 16 | 7 * (sample + 1) % 256 << 8 | 7 * (sample + 2) % 256;
        });
        // Computed by torch 2.13 on the module that the archive was traced from.
        assertThat(scores(client.post("v1/models/cells/classify?top=3", image)))
                .containsExactly("b 0.9106", "c 0.0672", "a 0.0160");
        assertThat(scores(client.post("v1/models/marks/classify", image)))
                .containsExactly("b 0.9518", "c 0.5927", "a 0.2579", "d 0.1190");
        JsonNode answer = client.post("v1/models/cells/classify", image).json();
        assertThat(answer.path("model").asString()).isEqualTo("cells");
        assertThat(answer.path("images").path(0).path("width").asInt()).isEqualTo(32);
        assertThat(answer.path("images").path(0).path("timing").path("tiles").asInt())
                .isOne();
    }

    @Test
    void classificationRefusesWhatItDoesNotKnow() {
        byte[] image = png(32, 32, (x, y) -> x);
        assertThat(client.post("v1/models/cells/classify?top=0", image).text())
                .contains("INVALID_REQUEST", "'top' is 0");
        assertThat(client.post("v1/models/cells/segment", image).text()).contains("WRONG_TASK", "cells/classify");
        assertThat(client.send(client.request("v1/models/cells/classify")
                                .header("Accept", "image/png")
                                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(image)))
                        .status())
                .isEqualTo(406);
    }

    @ParameterizedTest
    @ValueSource(strings = {"instances", "torchvision", "one-image", "twice"})
    void instancesComeWithBoxesAndMasks(String model) {
        boolean[][] red = new boolean[24][40];
        boolean[][] green = new boolean[24][40];
        byte[] image = png(40, 24, (x, y) -> {
            // A triangle, so that the mask is not the box.
            red[y][x] = x >= 5 && x < 15 && y >= 4 && y < 12 && x - 5 <= y - 4 + 2;
            green[y][x] = x >= 20 && x < 30 && y >= 2 && y < 12;
            return (red[y][x] ? RED : 0) | (green[y][x] ? GREEN : 0);
        });

        Answer answer = client.post("v1/models/" + model + "/detect", image);

        List<JsonNode> found = new ArrayList<>();
        answer.json().path("images").path(0).path("detections").forEach(found::add);
        assertThat(found).as(answer.text()).hasSize(2);
        for (JsonNode detection : found) {
            boolean isRed = detection.path("label").asString().equals("red");
            assertThat(detection.path("score").asDouble()).isEqualTo(1);
            assertThat(box(detection))
                    .containsExactly(isRed ? new double[] {5, 4, 10, 8} : new double[] {20, 2, 10, 10});
            assertThat(pixels(detection.path("mask"))).isDeepEqualTo(isRed ? red : green);
        }
    }

    @Test
    void labelsBeforeTheFirstAreNoObjects() {
        byte[] image = png(32, 32, (x, y) -> x < 8 ? RED : x > 20 ? GREEN : 0);

        JsonNode found = client.post("v1/models/greens/detect", image)
                .json()
                .path("images")
                .path(0)
                .path("detections");

        assertThat(found).hasSize(1);
        assertThat(found.path(0).path("label").asString()).isEqualTo("green");
        assertThat(found.path(0).path("box").path("x").asDouble()).isEqualTo(21);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void boxesAndMasksAreThoseOfTheUprightImage(int orientation) throws IOException {
        boolean[][] red = new boolean[24][40];
        for (int y = 4; y < 12; y++) {
            for (int x = 5; x < 15; x++) {
                red[y][x] = x <= y + 3;
            }
        }
        BufferedImage stored = orientation < 5
                ? new BufferedImage(40, 24, BufferedImage.TYPE_INT_RGB)
                : new BufferedImage(24, 40, BufferedImage.TYPE_INT_RGB);
        int right = stored.getWidth() - 1;
        int bottom = stored.getHeight() - 1;
        for (int y = 0; y < 24; y++) {
            for (int x = 0; x < 40; x++) {
                // Where EXIF 2.32, table of 4.6.4 A, puts row and column 0.
                int[] at = switch (orientation) {
                    case 2 -> new int[] {right - x, y};
                    case 3 -> new int[] {right - x, bottom - y};
                    case 4 -> new int[] {x, bottom - y};
                    case 5 -> new int[] {y, x};
                    case 6 -> new int[] {y, bottom - x};
                    case 7 -> new int[] {right - y, bottom - x};
                    case 8 -> new int[] {right - y, x};
                    default -> new int[] {x, y};
                };
                stored.setRGB(at[0], at[1], red[y][x] ? RED : 0);
            }
        }

        JsonNode image = client.post("v1/models/instances/detect", OrientedTiff.of(stored, orientation))
                .json()
                .path("images")
                .path(0);

        assertThat(image.path("width").asInt()).isEqualTo(40);
        assertThat(image.path("height").asInt()).isEqualTo(24);
        assertThat(image.path("detections")).hasSize(1);
        assertThat(box(image.path("detections").path(0))).containsExactly(5, 4, 10, 8);
        assertThat(pixels(image.path("detections").path(0).path("mask"))).isDeepEqualTo(red);
    }

    @ParameterizedTest
    @ValueSource(strings = {"torchvision", "one-image"})
    void imagesOfABatchKeepTheirOwnInstances(String model) {
        Map<String, byte[]> images = new LinkedHashMap<>();
        for (int i = 0; i < 8; i++) {
            int left = i;
            images.put("with-" + i, png(32, 32, (x, y) -> x >= left && x < 20 && y < 9 ? RED : 0));
            images.put("without-" + i, png(32, 32, (x, y) -> 0));
        }
        JsonNode answers = client.postParts("v1/models/" + model + "/detect", images)
                .json()
                .path("images");
        for (int i = 0; i < 8; i++) {
            JsonNode with = answers.path(2 * i).path("detections");
            assertThat(with).hasSize(1);
            assertThat(box(with.path(0))).containsExactly(i, 0, 20 - i, 9);
            assertThat(answers.path(2 * i + 1).path("detections")).isEmpty();
        }
    }

    /** Tiles of 512: the red one lies where two of them overlap, the green one in the second only. */
    @Test
    void instancesOfALargeImageAreFoundOnceAndWhole() {
        boolean[][] red = new boolean[500][900];
        boolean[][] green = new boolean[500][900];
        byte[] image = png(900, 500, (x, y) -> {
            red[y][x] = x >= 420 && x < 470 && y >= 100 && y < 160 && x - 420 <= y - 100;
            green[y][x] = x >= 700 && x < 790 && y >= 200 && y < 260;
            return (red[y][x] ? RED : 0) | (green[y][x] ? GREEN : 0);
        });

        JsonNode found = client.post("v1/models/instances/detect", image)
                .json()
                .path("images")
                .path(0);

        assertThat(found.path("timing").path("tiles").asInt()).isGreaterThan(1);
        assertThat(found.path("detections")).hasSize(2);
        for (JsonNode detection : found.path("detections")) {
            boolean isRed = detection.path("label").asString().equals("red");
            assertThat(pixels(detection.path("mask"))).isDeepEqualTo(isRed ? red : green);
        }
    }

    @Test
    void aPictureShowsInstances() throws IOException {
        byte[] image = png(64, 64, (x, y) -> x >= 8 && x < 40 && y >= 20 && y < 50 ? GREEN : 0);
        Answer answer = client.send(client.request("v1/models/instances/detect")
                .header("Accept", "image/png")
                .POST(java.net.http.HttpRequest.BodyPublishers.ofByteArray(image))
                .header("Content-Type", "image/png"));
        BufferedImage overlay =
                ImageIO.read(new ByteArrayInputStream(answer.response().body()));
        assertThat(overlay.getRGB(24, 35) & 0xFFFFFF).isNotEqualTo(GREEN);
        assertThat(overlay.getRGB(60, 60) & 0xFFFFFF).isZero();
    }

    @Test
    void coarseLogitsBecomeMasksOfTheWholeImage() {
        // Blocks of 4 x 4: red, then green. Logits 10 and 0 cross between the centres of the blocks.
        byte[] image = png(32, 16, (x, y) -> x < 16 ? RED : GREEN);

        JsonNode classes = client.post("v1/models/coarse/segment", image)
                .json()
                .path("images")
                .path(0)
                .path("classes");

        boolean[][] green = new boolean[16][32];
        for (boolean[] row : green) {
            for (int x = 16; x < 32; x++) {
                row[x] = true;
            }
        }
        assertThat(classes.path(0).path("label").asString()).isEqualTo("green");
        assertThat(pixels(classes.path(0).path("mask"))).isDeepEqualTo(green);
        assertThat(classes.path(1).path("pixels").asInt()).isZero();
    }

    @Test
    void sigmoidClassesMayOverlap() {
        byte[] image = png(32, 16, (x, y) -> x < 16 ? RED | GREEN : GREEN);

        JsonNode classes = client.post("v1/models/overlapping/segment", image)
                .json()
                .path("images")
                .path(0)
                .path("classes");

        // sigmoid(10) is above 0.9, sigmoid(0) is a half; between the centres of the blocks at 14 and 18 the
        // probability
        // is interpolated: 0.9 lies 0.8 pixels from the first centre.
        assertThat(classes.path(0).path("pixels").asInt()).isEqualTo(16 * 15);
        assertThat(classes.path(1).path("pixels").asInt()).isEqualTo(16 * 32);
        assertThat(classes.path(2).path("pixels").asInt()).isZero();
    }

    @Test
    void whatTheManifestLeavesOutIsReadFromTheArchive() {
        // One channel, and sides that are multiples of 32, which 40 and 24 are not.
        byte[] image = png(40, 24, (x, y) -> x >= 10 && x < 15 ? 0xFFFFFF : 0x101010);
        Answer answer = client.post("v1/models/deep/segment", image);
        assertThat(answer.pixels()).isEqualTo(5 * 24);
        JsonNode input = client.get("v1/models/deep").json().path("input");
        assertThat(input.path("colour").asString()).as(input.toString()).isEqualTo("gray");
        // One logit, so a sigmoid.
        Answer bright = client.post("v1/models/foreground/segment", image);
        assertThat(bright.pixels()).isEqualTo(5 * 24);
        // 32 x 32 only, whatever the image.
        Answer green = client.post("v1/models/fixed/classify", png(50, 20, (x, y) -> GREEN));
        assertThat(scores(green).get(0)).as(green.text()).isEqualTo("green 0.9999");
    }

    /** Reading and decoding what is refused anyway would take the processor from those who are served. */
    @Test
    void aRequestThatFindsNoPlaceIsRefusedBeforeItsImageIsLookedAt() {
        String path = "v1/models/narrow/segment";
        assertThat(client.post(path, new byte[] {1}).status()).isEqualTo(415);
        List<CompletableFuture<Answer>> waiting = new ArrayList<>();
        for (int side : new int[] {32, 64}) {
            // Of different shapes, so that neither completes the other's batch.
            byte[] image = png(side, side, (x, y) -> GREEN);
            waiting.add(CompletableFuture.supplyAsync(() -> client.post(path, image)));
        }
        while (client.meter("gnserve_queue_depth", "model=\"narrow\"") < 2) {
            Thread.onSpinWait();
        }

        Answer refused = client.post(path, new byte[] {1});

        assertThat(refused.status()).as(refused.text()).isEqualTo(429);
        assertThat(refused.text()).contains("OVERLOADED", "all 2 places");
        assertThat(waiting).allMatch(one -> one.join().status() == 200);
        assertThat(client.post(path, new byte[] {1}).status()).isEqualTo(415);
    }

    @Test
    void whatDoesNotFitIsToldWithWhatToDoAndHarmsNobody() {
        byte[] image = png(32, 32, (x, y) -> GREEN);
        assertThat(reason("miscounted"))
                .contains("the 2 output channels [background, green]", "shape [3, 32, 32]".replace("32", "128"));
        assertThat(reason("gray")).contains("does not run with input", "[1, 512, 512]", "number of channels");
        assertThat(reason("unscored")).contains("scores [A, 2], one score for each of [RBC, WBC]", "3]");
        assertThat(reason("never")).contains("output contains NaN for this input");
        assertThat(reason("misnamed")).contains("names the output \"logits\"", "[aux, out]");
        Answer unnamed = client.post("v1/models/unnamed/detect", image);
        assertThat(unnamed.status()).isEqualTo(500);
        assertThat(unnamed.text()).contains("ENGINE_FAULT", "returned the label 2", "output.firstLabel");
        assertThat(client.post("v1/models/instances/detect", image).status()).isEqualTo(200);
    }

    @Test
    void whatIsNoNumberFailsItsImageAndNoOther(CapturedOutput log) {
        byte[] black = png(32, 32, (x, y) -> x < 16 ? 0 : 0xFFFFFF);
        Answer alone = client.post("v1/models/logarithm/segment", black);
        assertThat(alone.status()).isEqualTo(500);
        assertThat(alone.text()).contains("ENGINE_FAULT", "contains NaN or infinity for this image", "/verify");
        assertThat(log.getAll().lines().filter(line -> line.contains("contains NaN or infinity")))
                .singleElement(as(STRING))
                .contains("ERROR", "requestId=" + alone.json().path("requestId").asString());

        Map<String, byte[]> images = new LinkedHashMap<>();
        images.put("black.png", black);
        images.put("green.png", png(32, 32, (x, y) -> 0x01FF01));
        JsonNode both =
                client.postParts("v1/models/logarithm/segment", images).json().path("images");
        assertThat(both.path(0).path("problem").path("code").asString()).isEqualTo("ENGINE_FAULT");
        JsonNode green = both.path(1).path("classes").path(0);
        assertThat(green.path("label").asString()).isEqualTo("green");
        assertThat(green.path("pixels").asInt()).isEqualTo(32 * 32);
        assertThat(client.post("v1/models/coarse/segment", black).status()).isEqualTo(200);
    }

    @Test
    void aModelThatDoesNotGiveItsGoldenResultDoesNotServe() {
        byte[] image = png(32, 32, (x, y) -> RED);
        assertThat(client.post("v1/models/sure/detect", image).status()).isEqualTo(200);
        assertThat(reason("unsure"))
                .contains("its result for a.png differs from a.json", "expected red with score 1.0 at", "not found");
        assertThat(reason("forgotten")).contains("golden image cannot be checked", "a.json");
        assertThat(client.post("v1/models/unsure/detect", image).text()).contains("MODEL_UNAVAILABLE", "a.json");
    }

    @Test
    void everyOneOfThemIsVerified() {
        byte[] image = png(32, 32, (x, y) -> x < 20 ? RED : 0);
        for (String model : List.of("cells", "coarse", "instances", "torchvision", "one-image")) {
            Answer answer = client.post("v1/models/" + model + "/verify", image);
            assertThat(answer.json().path("verdict").asString())
                    .as(model + answer.text())
                    .isEqualTo("PASS");
            assertThat(answer.json().path("calls")).isNotEmpty();
            assertThat(answer.json().path("batchInvariance").path("verdict").asString())
                    .as(model + answer.text())
                    .isEqualTo("PASS");
        }
    }

    private String reason(String model) {
        JsonNode detail = client.get("v1/models").json().path("models");
        for (JsonNode one : detail) {
            if (one.path("name").asString().equals(model)) {
                assertThat(one.path("state").asString()).isEqualTo("FAILED");
                return one.path("reason").asString();
            }
        }
        throw new AssertionError("no model " + model);
    }

    private static List<String> scores(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        List<String> scores = new ArrayList<>();
        for (JsonNode one : answer.json().path("images").path(0).path("predictions")) {
            scores.add("%s %.4f"
                    .formatted(one.path("label").asString(), one.path("score").asDouble()));
        }
        return scores;
    }

    private static double[] box(JsonNode detection) {
        JsonNode box = detection.path("box");
        return new double[] {
            box.path("x").asDouble(),
            box.path("y").asDouble(),
            box.path("width").asDouble(),
            box.path("height").asDouble()
        };
    }

    private static boolean[][] pixels(JsonNode mask) {
        assertThat(mask.path("encoding").asString()).isEqualTo("coco-rle");
        int height = mask.path("size").path(0).asInt();
        int width = mask.path("size").path(1).asInt();
        return CocoRleDecoder.decode(mask.path("counts").asString(), height, width);
    }

    private static byte[] png(int width, int height, IntBinaryOperator rgb) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                image.setRGB(x, y, rgb.applyAsInt(x, y));
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
