package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** With a network that returns its input, the mask is the painted one, for every size, padding and tiling. */
class SegmenterTest {

    @Test
    void masksComeBackPixelByPixelAtAnySizeAndTiling() {
        Random random = new Random(11);
        for (int turn = 0; turn < 150; turn++) {
            int width = 1 + random.nextInt(150);
            int height = 1 + random.nextInt(150);
            int multiple = 1 << random.nextInt(5);
            int tile = multiple * (2 + random.nextInt(4));
            String input = "{sizeMultiple: %d, padding: %s, tile: {size: %d, overlap: %d}}"
                    .formatted(
                            multiple,
                            random.nextBoolean() ? "reflect" : "constant",
                            tile,
                            random.nextInt(tile / 2 + 1));

            masksComeBack(random, width, height, input);
        }
    }

    @Test
    void masksComeBackFromAWholeMultipleOfTheirSize() {
        Random random = new Random(12);
        for (int turn = 0; turn < 60; turn++) {
            int width = 1 + random.nextInt(60);
            int height = 1 + random.nextInt(60);
            String input = "{sizeMultiple: 8, resize: {mode: stretch, width: %d, height: %d}}"
                    .formatted(width * (2 + random.nextInt(2)), height * (2 + random.nextInt(2)));

            masksComeBack(random, width, height, input);
        }
    }

    @Test
    void moreObjectsThanAPictureOf16BitsHoldsAreRefused() {
        LabelMap empty = LabelMap.of(2, 1, new byte[2]);
        UprightImage image = UprightImage.of8Bit(2, 1, 1, new byte[2]);
        SegmentedClass most =
                new SegmentedClass("a", empty, new FoundObjects(new int[] {65_535, 0}, new float[65_535]));
        SegmentedClass more = new SegmentedClass("b", empty, new FoundObjects(new int[] {0, 1}, new float[1]));

        assertThat(new Segmentation(image, List.of(most)).objectIds()).isNotEmpty();
        assertThatThrownBy(() -> new Segmentation(image, List.of(most, more)).objectIds())
                .isInstanceOfSatisfying(FailureException.class, e -> {
                    assertThat(e.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST);
                    assertThat(e.failure().detail()).contains("65,536 objects", "65,535 at most");
                });
    }

    @Test
    void moreThan255LabelsAreAPictureOf16Bits() throws IOException {
        int width = 300;
        List<SegmentedClass> classes = IntStream.range(0, width)
                .mapToObj(label -> {
                    byte[] mask = new byte[width];
                    mask[label] = 1;
                    return new SegmentedClass(
                            "l" + label, LabelMap.of(width, 1, mask), new FoundObjects(new int[width], new float[0]));
                })
                .toList();
        Segmentation segmentation = new Segmentation(UprightImage.of8Bit(width, 1, 1, new byte[width]), classes);

        BufferedImage png = ImageIO.read(new ByteArrayInputStream(segmentation.labels()));
        int[] numbers = png.getRaster().getSamples(0, 0, width, 1, 0, (int[]) null);
        assertThat(numbers).containsExactly(IntStream.rangeClosed(1, width).toArray());
        assertThat(new Segmentation(segmentation.image(), classes.subList(0, 255)).labels())
                .as("8 bits")
                .satisfies(bytes -> assertThat(bytes[24]).isEqualTo((byte) 8));
    }

    @Test
    void eachLabelMayHaveItsOwnThreshold() {
        UprightImage image = UprightImage.of8Bit(3, 1, 1, new byte[3]);
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [a, b]
                output: {decoder: sigmoid}
                thresholds: {masks: [0.25, 0.75]}
                input: {colour: gray, sizeMultiple: 1}
                """);
        // Probabilities 0.27, 0.5 and 0.88.
        float[] logits = {-1, 0, 2, -1, 0, 2};

        assertThat(pixels(manifest, image, logits, null)).containsExactly(3, 1);
        assertThat(pixels(manifest, image, logits, 0.4f))
                .as("the threshold of a request")
                .containsExactly(2, 2);
    }

    @Test
    void aLabelWithoutPixelsTakesNoMemoryOfItsOwn() {
        UprightImage image = UprightImage.of8Bit(3, 1, 1, new byte[3]);
        ModelManifest manifest = ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [a, b, c]
                output: {decoder: sigmoid}
                input: {colour: gray, sizeMultiple: 1}
                """);

        List<SegmentedClass> classes = classes(manifest, image, new float[] {-1, -1, -1, -1, 2, 2, -1, -1, -1}, null);

        assertThat(classes.stream().map(SegmentedClass::label)).containsExactly("a", "b", "c");
        assertThat(classes.stream().map(found -> found.mask().count(1))).containsExactly(0, 2, 0);
        assertThat(classes.stream().map(found -> found.objects().count())).containsExactly(0, 1, 0);
        assertThat(classes.get(2).ids().count(0)).isEqualTo(3);
        assertThat(classes.get(2).mask()).isSameAs(classes.get(0).mask());
        assertThat(classes.get(2).ids()).isSameAs(classes.get(0).ids());
    }

    private static List<Integer> pixels(
            ModelManifest manifest, UprightImage image, float[] logits, @Nullable Float threshold) {
        return classes(manifest, image, logits, threshold).stream()
                .map(found -> found.mask().count(1))
                .toList();
    }

    private static List<SegmentedClass> classes(
            ModelManifest manifest, UprightImage image, float[] logits, @Nullable Float threshold) {
        Segmenter segmenter =
                new Segmenter(manifest, image, manifest.preprocessor().prepare(image), threshold);
        TensorShape shape = TensorShape.of(logits.length / image.width(), 1, image.width());
        segmenter.add(new Prediction(Map.of("output", new FloatTensor(shape, logits))));
        return segmenter.classes();
    }

    private static void masksComeBack(Random random, int width, int height, String input) {
        boolean[] painted = rectangles(random, width, height);
        byte[] samples = new byte[painted.length];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = painted[i] ? (byte) 255 : 0;
        }
        UprightImage image = UprightImage.of8Bit(width, height, 1, samples);
        ModelManifest manifest = ManifestReader.read(
                "model.yaml",
                "task: segmentation\nlabels: [a]\noutput: {decoder: sigmoid}\ninput: " + colour(input) + "\n");
        PreparedImage prepared = manifest.preprocessor().prepare(image);
        Segmenter segmenter = new Segmenter(manifest, image, prepared, 0.5f);
        for (int tile = 0; tile < prepared.tiles(); tile++) {
            segmenter.add(logits(prepared.tile(tile)));
        }

        SegmentedClass found = segmenter.classes().get(0);

        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                assertThat(found.mask().label(x, y) == 1)
                        .as("(%d, %d) of %d x %d, %s", x, y, width, height, input)
                        .isEqualTo(painted[y * width + x]);
            }
        }
    }

    private static String colour(String input) {
        return "{colour: gray, " + input.substring(1);
    }

    /** Blocks of at least 6 pixels: scaling changes the borders of smaller ones. */
    private static boolean[] rectangles(Random random, int width, int height) {
        boolean[] painted = new boolean[width * height];
        for (int n = random.nextInt(4); n >= 0; n--) {
            int left = random.nextInt(width);
            int top = random.nextInt(height);
            int right = Math.min(width, left + 6 + random.nextInt(40));
            int bottom = Math.min(height, top + 6 + random.nextInt(40));
            for (int y = top; y < bottom; y++) {
                for (int x = left; x < right; x++) {
                    painted[y * width + x] = true;
                }
            }
        }
        return painted;
    }

    /** Logits from values 0..1, with 0.5 as the border. */
    private static Prediction logits(PlanarImage tile) {
        float[] logits = tile.values().clone();
        for (int i = 0; i < logits.length; i++) {
            logits[i] = 8 * (logits[i] - 0.5f);
        }
        return new Prediction(
                Map.of("output", new FloatTensor(TensorShape.of(1, tile.height(), tile.width()), logits)));
    }
}
