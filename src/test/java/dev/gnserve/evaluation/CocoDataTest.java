package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.Box;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against pycocotools: make_coco.py. */
class CocoDataTest {

    private static final Path CASES = Path.of("src/test/resources/evaluation");
    private static final List<String> LABELS = List.of("dog", "cat", "bird", "horse");

    @TempDir
    private Path folder;

    @Test
    void theFiguresAreThoseOfPycocotools() throws IOException {
        JsonNode dataset = json("coco-dataset.json");
        for (JsonNode image : dataset.path("images")) {
            Files.createFile(folder.resolve(image.path("file_name").asString()));
        }
        CocoData data = CocoData.read(CASES.resolve("coco-dataset.json"), folder, LABELS, false);
        JsonNode results = json("coco-results.json");
        AveragePrecision precision = new AveragePrecision();
        for (LabelledImage image : data.images()) {
            List<Found> found = new ArrayList<>();
            for (JsonNode result : results) {
                if (result.path("image_id").asLong() == image.id()) {
                    found.add(detection(result, data));
                }
            }
            precision.add(image.boxes(), found);
        }

        DetectionReport report = DetectionReport.of("m", "1", "data", "all", LABELS, precision, 100);
        JsonNode expected = json("coco-expected.json");

        assertThat(report.ap50to95()).isEqualTo(expected.path("ap50to95").asDouble(), within(1e-6));
        assertThat(report.ap50()).isEqualTo(expected.path("ap50").asDouble(), within(1e-6));
        assertThat(report.ap75()).isEqualTo(expected.path("ap75").asDouble(), within(1e-6));
        assertThat(report.apSmall()).isEqualTo(expected.path("apSmall").asDouble(), within(1e-6));
        assertThat(report.apMedium()).isEqualTo(expected.path("apMedium").asDouble(), within(1e-6));
        assertThat(report.apLarge()).isEqualTo(expected.path("apLarge").asDouble(), within(1e-6));
        assertThat(report.recall()).isEqualTo(expected.path("recall").asDouble(), within(1e-6));
        assertThat(precision.of(1, 0.5)).isEqualTo(expected.path("ap50OfCat").asDouble(), within(1e-6));
        assertThat(precision.ofAllThresholds(0))
                .isEqualTo(expected.path("ap50to95OfDog").asDouble(), within(1e-6));
        assertThat(precision.of(2, 0.5)).as("a category without objects").isNaN();
        assertThat(data.categoryOfLabel()).containsOnly(Map.entry(0, 8L), Map.entry(1, 3L), Map.entry(2, 11L));
    }

    private static Found detection(JsonNode result, CocoData data) {
        int label = data.categoryOfLabel().entrySet().stream()
                .filter(entry -> entry.getValue() == result.path("category_id").asLong())
                .findFirst()
                .orElseThrow()
                .getKey();
        JsonNode box = result.path("bbox");
        return new Found(
                label,
                (float) result.path("score").asDouble(),
                new Box(
                        box.path(0).asDouble(),
                        box.path(1).asDouble(),
                        box.path(2).asDouble(),
                        box.path(3).asDouble()),
                null);
    }

    @Test
    void whatDoesNotGoWithTheModelIsNamed() throws IOException {
        assertRefused("[]", "has no list \"images\"");
        assertRefused("{\"images\": [], \"annotations\": [], ", "is not JSON");
        assertRefused("{\"images\": [], \"annotations\": []}", "has no list \"categories\"");
        String categories = "\"categories\": [{\"id\": 1, \"name\": \"zebra\"}, {\"id\": 2, \"name\": \"dog\"}]";
        assertRefused(
                "{\"images\": [], \"annotations\": [{\"id\": 9, \"image_id\": 1, \"category_id\": 1, \"bbox\": [0, 0, 1, 1]}], "
                        + categories + "}",
                "annotation 9",
                "has the category \"zebra\", and the model has the labels [dog, cat, bird, horse]");
        assertRefused(
                "{\"images\": [], \"annotations\": [{\"id\": 9, \"image_id\": 1, \"category_id\": 2}], " + categories
                        + "}",
                "annotation 9",
                "has no bbox");
        assertRefused(
                "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"}], \"annotations\": [], " + categories + "}",
                "a.png is not there",
                "--images");
        assertRefused(
                "{\"images\": [{\"id\": \"a\", \"file_name\": \"a.png\"}], \"annotations\": [], " + categories + "}",
                "has the id \"a\" in",
                "allowed is a whole number");
        assertRefused(
                "{\"images\": [], \"annotations\": [{\"id\": 9, \"image_id\": 1, \"bbox\": [0, 0, 1, 1]}], "
                        + categories + "}",
                "has no category_id in");
        assertRefused(
                "{\"images\": [], \"annotations\": [{\"id\": 9, \"image_id\": 1, \"category_id\": 2, \"bbox\": [0, 0, 1, \"x\"]}], "
                        + categories + "}",
                "is no COCO dataset file");
    }

    /** As Python takes it for true. */
    @Test
    void aCrowdMayBeWrittenAsTrue() throws IOException {
        Files.createFile(folder.resolve("a.png"));
        String dataset =
                "{\"images\": [{\"id\": 1, \"file_name\": \"a.png\"}], \"categories\": [{\"id\": 2, \"name\": \"dog\"}], \"annotations\": ["
                        + "{\"id\": 1, \"image_id\": 1, \"category_id\": 2, \"bbox\": [0, 0, 1, 1], \"iscrowd\": %s}]}";
        Path file = folder.resolve("data.json");
        for (String crowd : List.of("true", "1", "false", "0", "null")) {
            Files.writeString(file, dataset.formatted(crowd));
            assertThat(CocoData.read(file, folder, LABELS, false)
                            .images()
                            .get(0)
                            .boxes()
                            .get(0)
                            .crowd())
                    .as(crowd)
                    .isEqualTo(crowd.equals("true") || crowd.equals("1"));
        }
        assertRefused(dataset.formatted("\"yes\""), "has the iscrowd \"yes\"; allowed are 0 and 1");
    }

    private void assertRefused(String text, String... sentences) throws IOException {
        Path file = Files.writeString(folder.resolve("data.json"), text);
        assertThatThrownBy(() -> CocoData.read(file, folder, LABELS, false))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(sentences);
    }

    private static JsonNode json(String name) throws IOException {
        return JsonMapper.shared().readTree(Files.readString(CASES.resolve(name)));
    }
}
