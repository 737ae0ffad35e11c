package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.TileCollector;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Objects of polygons whose place is known: diamonds of StarDist with four rays. */
class InstanceSegmenterTest {

    private static final int WIDTH = 40;
    private static final int HEIGHT = 30;

    /** Diamonds: rays of 5 pixels to the right, down, left and up, around (12, 10) and (28, 15); a third, less probable one around (20, 22). */
    private static Prediction prediction(float distance) {
        float[] probability = new float[WIDTH * HEIGHT];
        probability[15 * WIDTH + 28] = 0.9f;
        probability[10 * WIDTH + 12] = 0.8f;
        probability[22 * WIDTH + 20] = 0.6f;
        float[] distances = new float[4 * WIDTH * HEIGHT];
        Arrays.fill(distances, distance);
        return new Prediction(Map.of(
                "probability", Tensor.of(probability, 1, HEIGHT, WIDTH),
                "distances", Tensor.of(distances, 4, HEIGHT, WIDTH)));
    }

    private static Segmentation segment(String more, int scale, @Nullable Float threshold) {
        return segment(more, scale, threshold, 5);
    }

    private static Segmentation segment(String more, int scale, @Nullable Float threshold, float distance) {
        ModelManifest manifest = ManifestReader.read(
                "model.yaml", "task: segmentation\nlabels: [cell]\noutput: {decoder: stardist}\n" + more);
        UprightImage image =
                UprightImage.of8Bit(scale * WIDTH, scale * HEIGHT, 3, new byte[3 * scale * WIDTH * scale * HEIGHT]);
        PreparedImage prepared = manifest.preprocessor().prepare(image);
        TileCollector<Segmentation> collector = new SegmentationTask(
                        threshold, new MaskWriter(MaskWriter.Masks.RLE), true)
                .collector(manifest, image, prepared);
        collector.add(prediction(distance));
        return collector.finish();
    }

    @Test
    void objectsAreNumberedInReadingOrderWithTheirScores() {
        SegmentedClass cells =
                segment("input: {sizeMultiple: 1}\n", 1, null).classes().get(0);

        assertThat(cells.objects().count()).isEqualTo(3);
        assertThat(cells.objects().scores()).containsExactly(0.8f, 0.9f, 0.6f);
        assertThat(cells.ids().label(12, 10)).isEqualTo(1);
        assertThat(cells.ids().label(28, 15)).isEqualTo(2);
        assertThat(cells.ids().label(20, 22)).isEqualTo(3);
        // A diamond of radius 5 with its boundary has 61 pixels.
        assertThat(cells.ids().count(1)).isEqualTo(61);
        assertThat(cells.mask().count(1)).isEqualTo(183);
    }

    @Test
    void aThresholdOfTheRequestLeavesOutLessProbableObjects() {
        SegmentedClass cells =
                segment("input: {sizeMultiple: 1}\n", 1, 0.7f).classes().get(0);

        assertThat(cells.objects().scores()).containsExactly(0.8f, 0.9f);
    }

    @Test
    void smallObjectsStayInTheMaskOnly() {
        SegmentedClass cells = segment("input: {sizeMultiple: 1}\nthresholds: {minimumArea: 62}\n", 1, null)
                .classes()
                .get(0);

        assertThat(cells.objects().count()).isZero();
        assertThat(cells.mask().count(1)).isEqualTo(183);
    }

    @Test
    void outlinesAreScaledToTheUprightImage() {
        String stretch =
                "input: {sizeMultiple: 1, resize: {mode: stretch, width: %d, height: %d}}\n".formatted(WIDTH, HEIGHT);
        SegmentedClass cells = segment(stretch, 3, null).classes().get(0);

        assertThat(cells.objects().count()).isEqualTo(3);
        // A diamond of radius 15 around three times the place.
        assertThat(cells.ids().label(36, 30)).isEqualTo(1);
        assertThat(cells.ids().label(36 + 15, 30)).isEqualTo(1);
        assertThat(cells.ids().label(36 + 16, 30)).isZero();
        assertThat(cells.ids().count(1)).isEqualTo(2 * 15 * 15 + 2 * 15 + 1);
    }

    @Test
    void distancesBeyondThePictureMakeOneObjectOfIt() {
        SegmentedClass cells =
                segment("input: {sizeMultiple: 1}\n", 1, null, 3e9f).classes().get(0);

        assertThat(cells.objects().scores()).containsExactly(0.9f);
        assertThat(cells.mask().count(1)).isEqualTo(WIDTH * HEIGHT);
    }

    @Test
    void aThresholdThatMakesAPolygonOfEachPixelIsRefused() {
        assertThatThrownBy(() -> segment("input: {sizeMultiple: 1}\n", 1, -1f))
                .isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST);
                    assertThat(e.failure().detail()).contains("541", "1,200", "send a higher threshold");
                });
    }
}
