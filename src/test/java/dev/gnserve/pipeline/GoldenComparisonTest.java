package dev.gnserve.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.NumpyFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class GoldenComparisonTest {

    private static final GoldenComparison COMPARISON = new GoldenComparison(0.02f);

    /** Five channels, as they are stored: no colours. */
    @Test
    void theDifferenceIsDrawnOnAnImageOfAnyChannels(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("a.npy");
        new NumpyFile(new long[] {8, 8, 5}, new float[8 * 8 * 5]).write(file);
        ModelManifest manifest =
                ManifestReader.read("model.yaml", "task: detection\nlabels: [a]\ninput: {channels: 5}\n");
        JsonMapper json = JsonMapper.shared();
        GoldenImage golden = new GoldenImage(new DefaultTasks(List.of()), json, ImagePipeline.forCommands());

        byte[] picture = golden.picture(
                manifest,
                new Upload("a.npy", Files.readAllBytes(file)),
                "{\"images\": [{\"detections\": []}]}".getBytes(StandardCharsets.UTF_8),
                json.readTree("{\"detections\": []}"),
                0.02f);

        BufferedImage drawn = ImageIO.read(new ByteArrayInputStream(Objects.requireNonNull(picture)));
        assertThat(drawn.getWidth()).isEqualTo(8);
        assertThat(drawn.getHeight()).isEqualTo(8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a:0.91 b:0.09 | a:0.90 b:0.10 | null",
                "a:0.91 b:0.09 | a:0.88 b:0.12 | expected the score of a to be 0.91, found 0.88",
                "a:0.51 b:0.49 | b:0.50 a:0.50 | expected the best label a, found b",
            })
    void labelsAreComparedByTheirScores(String expected, String given, String difference) {
        assertThat(String.valueOf(COMPARISON.difference(labels(expected), labels(given))))
                .isEqualTo(difference);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[3, 4] | [3.03, 4.04] | null",
                "[3, 4] | [3, 4.11] | expected an embedding of length 5.0000, found one that differs from it by 0.1100",
                "[3, 4] | [3, 4, 0] | expected an embedding of 2 dimensions, found 3",
                "[0, 0] | [0, 0] | null",
            })
    void embeddingsAreComparedByTheirDistance(String expected, String given, String difference) {
        JsonNode one = JsonMapper.shared().readTree("{\"embedding\": " + expected + "}");
        JsonNode other = JsonMapper.shared().readTree("{\"embedding\": " + given + "}");
        assertThat(String.valueOf(COMPARISON.difference(one, other))).isEqualTo(difference);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10 10 100 100 0.9 | 10.4 10 100 100 0.91 | null",
                "10 10 100 100 0.9 | 13 10 100 100 0.9 | not found",
                "10 10 100 100 0.9 | 10 10 100 100 0.85 | not found",
            })
    void boxesAreComparedByTheirOverlap(String expected, String given, String difference) {
        assertThat(String.valueOf(COMPARISON.difference(box(expected), box(given))))
                .contains(difference);
    }

    @Test
    void oneObjectMoreIsADifference() {
        JsonNode none = json("{\"width\":1,\"height\":1,\"detections\":[]}");
        assertThat(COMPARISON.difference(none, box("1 2 3 4 0.5"))).contains("expected 0 objects, found 1");
    }

    @Test
    void masksAreComparedByTheirOverlap() {
        // 100 x 1 pixels: 60 of 0, then 40 of 1; 61 and 39; 70 and 30.
        assertThat(COMPARISON.difference(mask("l1X1"), mask("l1X1"))).isNull();
        JsonNode expected = mask("l1X1");
        assertThat(new GoldenComparison(0.03f).difference(expected, mask("m1W1")))
                .isNull();
        assertThat(COMPARISON.difference(expected, mask("m1W1")))
                .isEqualTo("expected the masks of a to overlap by at least 0.9800 (IoU), found 0.9750");
    }

    @Test
    void anotherPictureIsADifference() {
        assertThat(COMPARISON.difference(
                        json("{\"width\":2,\"height\":1,\"detections\":[]}"),
                        json("{\"width\":3,\"height\":1,\"detections\":[]}")))
                .isEqualTo("expected the width 2, found 3");
    }

    private static JsonNode labels(String scores) {
        StringBuilder items = new StringBuilder();
        for (String score : scores.strip().split(" ", -1)) {
            String[] parts = score.split(":", -1);
            items.append(items.isEmpty() ? "" : ",")
                    .append("{\"label\":\"%s\",\"score\":%s}".formatted(parts[0], parts[1]));
        }
        return json("{\"width\":1,\"height\":1,\"predictions\":[" + items + "]}");
    }

    private static JsonNode box(String numbers) {
        String[] n = numbers.strip().split(" ", -1);
        return json(
                "{\"width\":1,\"height\":1,\"detections\":[{\"label\":\"a\",\"score\":%s,\"box\":{\"x\":%s,\"y\":%s,\"width\":%s,\"height\":%s}}]}"
                        .formatted(n[4], n[0], n[1], n[2], n[3]));
    }

    private static JsonNode mask(String counts) {
        return json(
                "{\"width\":1,\"height\":100,\"classes\":[{\"label\":\"a\",\"mask\":{\"size\":[100,1],\"counts\":\"%s\"}}]}"
                        .formatted(counts));
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }
}
