package dev.gnserve.segmentation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The masks are those that the public packages make of the same outputs, pixel by pixel (golden/decoders/make.py). */
class SegmentationDecodersTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            softmax-strided       | [a, b, c, d] | {decoder: softmax}
            softmax-strided       | [a, b, c, d, e] | {decoder: softmax, channels: [a, b, c, d, e]}
            softmax-4channel      | [a, b]    | {decoder: softmax}
            softmax-nonsquare     | [a, b]    | {decoder: softmax}
            probabilities-softmax | [a, b, c] | {decoder: probabilities}
            sigmoid               | [a, b, c] | {decoder: sigmoid}
            probabilities-sigmoid | [a, b, c] | {decoder: probabilities, exclusive: false}
            classes               | [a, b, c, d] | {decoder: classes}
            """)
    void masksAreThoseOfTheReference(String name, String labels, String output) throws IOException {
        Npz golden = golden(name);
        FloatTensor expected = golden.tensor("expected");
        TensorShape shape = expected.shape();
        int width = shape.size(shape.rank() - 1);
        int height = shape.size(shape.rank() - 2);
        ModelManifest manifest = manifest(labels, output);

        List<SegmentedClass> found = segment(manifest, raw(golden, name), width, height, null);

        boolean overlap = shape.rank() == 3;
        int first = manifest.output().channels().indexOf("a");
        for (int label = 0; label < found.size(); label++) {
            for (int i = 0; i < width * height; i++) {
                boolean in = overlap
                        ? expected.values()[label * width * height + i] == 1
                        : expected.values()[i] == label + first;
                assertThat(found.get(label).mask().label(i % width, i / width) == 1)
                        .as("%s: label %d at %d, %d", name, label, i % width, i / width)
                        .isEqualTo(in);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "maskformer-form-semantic, maskformer",
        "maskformer-semantic, maskformer",
        "mask2former-semantic, mask2former",
        "oneformer-forward-semantic, maskformer"
    })
    void queriesGiveTheLabelsOfTheReference(String name, String decoder) throws IOException {
        Npz golden = golden(name);
        FloatTensor expected = golden.tensor("expected");
        int height = expected.shape().size(0);
        int width = expected.shape().size(1);
        ModelManifest manifest = manifest("[a, b, c]", "{decoder: " + decoder + "}");
        Map<String, Tensor> outputs = Map.of(
                "class_queries_logits", golden.tensor("class_queries_logits"),
                "masks_queries_logits", golden.tensor("masks_queries_logits"));

        List<SegmentedClass> found = segment(manifest, outputs, width, height, null);

        for (int i = 0; i < width * height; i++) {
            assertThat(found.get((int) expected.values()[i]).mask().label(i % width, i / width))
                    .as("%s at %d, %d", name, i % width, i / width)
                    .isEqualTo(1);
        }
    }

    @Test
    void everyPixelOfExclusiveClassesHasOneClassUnlessItIsLessProbableThanAtLeast() throws IOException {
        Npz golden = golden("softmax-strided");
        String all = "[a, b, c, d, e]";
        Tensor output = golden.tensor("output");

        List<SegmentedClass> found =
                segment(manifest(all, "{decoder: softmax, channels: " + all + "}"), output, 96, 64, null);
        List<SegmentedClass> sure =
                segment(manifest(all, "{decoder: softmax, atLeast: 0.6, channels: " + all + "}"), output, 96, 64, null);

        assertThat(found.stream().mapToInt(one -> one.mask().count(1)).sum()).isEqualTo(96 * 64);
        assertThat(sure.stream().mapToInt(one -> one.mask().count(1)).sum()).isBetween(1000, 96 * 64 - 1000);
        // One object for each connected area of a class: the areas of the objects are the pixels of the mask.
        for (SegmentedClass one : found) {
            assertThat(one.mask().count(1)).isEqualTo(96 * 64 - one.ids().count(0));
        }
    }

    @Test
    void aThresholdOfTheManifestOrTheRequestStaysAThreshold() throws IOException {
        Tensor output = golden("softmax-nonsquare").tensor("output");
        ModelManifest own = ManifestReader.read(
                "model.yaml", "task: segmentation\nlabels: [a, b]\nthresholds: {mask: 0.4, seed: 0.4}\n");
        ModelManifest usual = manifest("[a, b]", "{decoder: softmax}");

        assertThat(pixels(segment(own, output, 96, 64, null)))
                .isEqualTo(pixels(segment(usual, output, 96, 64, 0.4f)))
                .isNotEqualTo(pixels(segment(usual, output, 96, 64, null)));
    }

    private static List<Integer> pixels(List<SegmentedClass> classes) {
        return classes.stream().map(one -> one.mask().count(1)).toList();
    }

    private static ModelManifest manifest(String labels, String output) {
        return ManifestReader.read(
                "model.yaml", "task: segmentation\nlabels: " + labels + "\noutput: " + output + "\n");
    }

    private static List<SegmentedClass> segment(
            ModelManifest manifest, Tensor output, int width, int height, @Nullable Float threshold) {
        return segment(manifest, Map.of("output", output), width, height, threshold);
    }

    private static List<SegmentedClass> segment(
            ModelManifest manifest, Map<String, Tensor> outputs, int width, int height, @Nullable Float threshold) {
        UprightImage image = UprightImage.of8Bit(width, height, 3, new byte[3 * width * height]);
        PreparedImage prepared = manifest.preprocessor().prepare(image);
        Segmenter segmenter = new Segmenter(manifest, image, prepared, threshold);
        segmenter.add(new Prediction(outputs));
        return new ArrayList<>(segmenter.classes());
    }

    /** As an archive gives it: a map of classes is int64. */
    private static Tensor raw(Npz golden, String name) {
        FloatTensor output = golden.tensor("output");
        if (!name.equals("classes")) {
            return output;
        }
        ByteBuffer bytes = ByteBuffer.allocate(8 * output.values().length).order(ByteOrder.LITTLE_ENDIAN);
        for (float value : output.values()) {
            bytes.putLong((long) value);
        }
        return new RawTensor(ElementType.INT64, output.shape(), bytes.array());
    }

    private static Npz golden(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                SegmentationDecodersTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        }
    }
}
