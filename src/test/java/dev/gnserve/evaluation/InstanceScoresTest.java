package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.Box;
import dev.gnserve.image.CocoRle;
import dev.gnserve.image.LabelMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against pycocotools and torchmetrics: make_coco_masks.py. */
class InstanceScoresTest {

    private static final Path CASES = Path.of("src/test/resources/evaluation");
    private static final List<String> LABELS = List.of("dog", "cat");

    @TempDir
    private Path folder;

    @Test
    void averagePrecisionOfMasksIsThatOfPycocotools() throws IOException {
        CocoData data = data();
        JsonNode results = json("coco-masks-results.json");
        InstanceScores scores = new InstanceScores(LABELS.size());
        for (LabelledImage image : data.images()) {
            List<Found> found = new ArrayList<>();
            for (JsonNode result : results) {
                if (result.path("image_id").asLong() == image.id()) {
                    int label = result.path("category_id").asInt() == 5 ? 0 : 1;
                    found.add(Found.of(
                            label,
                            (float) result.path("score").asDouble(),
                            Pixels.of(runs(result.path("segmentation")))));
                }
            }
            double unused = scores.add(image.boxes(), found, found);
        }
        InstanceReport report = InstanceReport.of("m", "1", "data", LABELS, scores, List.of());
        JsonNode expected = json("coco-masks-expected.json");

        assertThat(report.ap50to95()).isEqualTo(expected.path("ap50to95").asDouble(), within(1e-6));
        assertThat(report.ap50()).isEqualTo(expected.path("ap50").asDouble(), within(1e-6));
        assertThat(report.ap75()).isEqualTo(expected.path("ap75").asDouble(), within(1e-6));
    }

    @Test
    void outlinesHaveThePixelsOfPycocotools() throws IOException {
        JsonNode masks = json("coco-masks-expected.json").path("masks");
        JsonNode dataset = json("coco-masks.json");
        List<LabelledBox> read = new ArrayList<>();
        data().images().forEach(image -> read.addAll(image.boxes()));
        // Annotations are in the order of their images, as are those that were read.
        int at = 0;
        for (JsonNode annotation : dataset.path("annotations")) {
            Pixels pixels = read.get(at++).pixels();
            JsonNode mask = masks.path(annotation.path("id").asString());
            assertThat(pixels).isNotNull();
            assertThat(pixels.runs(61, 47)).as("annotation " + at).isEqualTo(runs(mask));
        }
        assertThat(at).isEqualTo(read.size()).isGreaterThan(15);
    }

    @Test
    void panopticQualityIsThatOfTorchmetrics() throws IOException {
        JsonNode expected = json("coco-masks-expected.json").path("panoptic");
        PanopticQuality quality = new PanopticQuality();
        for (JsonNode picture : expected.path("pictures")) {
            List<LabelledBox> truth = Pixels.ofNumbers(numbers(picture.path("truth"))).values().stream()
                    .map(pixels -> new LabelledBox(0, pixels))
                    .toList();
            List<Found> found = Pixels.ofNumbers(numbers(picture.path("found"))).values().stream()
                    .map(pixels -> Found.of(0, 1, pixels))
                    .toList();
            quality.add(truth, found);
        }

        assertThat(quality.pq()).isEqualTo(expected.path("pq").asDouble(), within(1e-7)); // float32
        assertThat(quality.sq()).isEqualTo(expected.path("sq").asDouble(), within(1e-7)); // float32
        assertThat(quality.rq()).isEqualTo(expected.path("rq").asDouble(), within(1e-7)); // float32
    }

    @Test
    void anObjectCountsByItsPixelsAndNotByTheAreaOfItsAnnotation() {
        Pixels square = Pixels.of(new LabelMap.Region(2, 3, 2, 2), new boolean[] {true, true, true, true});
        Pixels none = Pixels.of(new LabelMap.Region(0, 0, 1, 1), new boolean[] {false});
        PanopticQuality quality = new PanopticQuality();
        quality.add(
                List.of(
                        new LabelledBox(0, square.box(), false, 0, square),
                        new LabelledBox(0, new Box(10, 10, 4, 4), false, 0, null),
                        new LabelledBox(0, none.box(), false, 9, none)),
                List.of(Found.of(0, 1, square)));

        assertThat(quality.hits()).isEqualTo(1);
        assertThat(quality.objects()).as("that with pixels and that with a box").isEqualTo(2);
        assertThat(quality.rq()).isEqualTo(2 / 3.0, within(1e-12));
    }

    @Test
    void outlinesThatCannotBeReadAreNamed() throws IOException {
        assertRefused("\"segmentation\": []", "annotation 9", "has no segmentation of its image");
        assertRefused(
                "\"segmentation\": {\"size\": [2, 3], \"counts\": [1, 2]}", "annotation 9", "cover 3 of 6 pixels");
        assertRefused("\"segmentation\": {\"size\": [3, 2], \"counts\": [6]}", "has no segmentation of its image");
    }

    private void assertRefused(String segmentation, String... sentences) throws IOException {
        Path file = Files.writeString(
                folder.resolve("data.json"),
                "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\", \"width\": 3, \"height\": 2}],"
                        + " \"categories\": [{\"id\": 1, \"name\": \"dog\"}],"
                        + " \"annotations\": [{\"id\": 9, \"image_id\": 1, \"category_id\": 1, " + segmentation
                        + "}]}");
        assertThatThrownBy(() -> CocoData.read(file, folder, LABELS, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(sentences);
    }

    private CocoData data() throws IOException {
        for (JsonNode image : json("coco-masks.json").path("images")) {
            Files.createFile(folder.resolve(image.path("file_name").asString()));
        }
        return CocoData.read(CASES.resolve("coco-masks.json"), folder, LABELS, true);
    }

    private static CocoRle runs(JsonNode mask) {
        return new CocoRle(
                mask.path("size").path(0).asInt(),
                mask.path("size").path(1).asInt(),
                mask.path("counts").asString());
    }

    private static LabelMap numbers(JsonNode rows) {
        int height = rows.size();
        int width = rows.path(0).size();
        int[] labels = new int[width * height];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = rows.path(i / width).path(i % width).asInt();
        }
        return LabelMap.of(width, height, labels);
    }

    private static JsonNode json(String name) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(CASES.resolve(name)));
    }
}
