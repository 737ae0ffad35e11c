package dev.gnserve.detection;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The objects of class and mask queries are those that transformers makes of them, and those of SOLOv2 what its paper and its
 * authors' code say (golden/decoders/make.py). */
class QueryDecodersTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            maskformer-form-instance | {decoder: maskformer} | class_queries_logits, masks_queries_logits
            maskformer-instance      | {decoder: maskformer} | class_queries_logits, masks_queries_logits
            maskformer-instance      | {decoder: maskformer} | output1, output0
            mask2former-instance     | {decoder: mask2former} | pred_logits, pred_masks
            maskformer-form-panoptic | {decoder: maskformer, segments: panoptic, stuff: [b], overlap: 0.6} | class_queries_logits, masks_queries_logits
            maskformer-panoptic      | {decoder: maskformer, segments: panoptic, stuff: [b], overlap: 0.6} | class_queries_logits, masks_queries_logits
            mask2former-panoptic     | {decoder: mask2former, segments: panoptic, stuff: [b], overlap: 0.6} | class_queries_logits, masks_queries_logits
            detr-forward-panoptic | {decoder: maskformer, segments: panoptic, stuff: [b], overlap: 0.05} | logits, pred_masks
            oneformer-forward-instance | {decoder: mask2former} | class_queries_logits, masks_queries_logits
            oneformer-forward-panoptic | {decoder: maskformer, segments: panoptic, stuff: [b], overlap: 0.3} | class_queries_logits, masks_queries_logits
            solov2-form | {decoder: solov2} | cate0, kernel0, features
            solov2      | {decoder: solov2} | cate0, cate1, kernel0, kernel1, features
            solov2-all  | {decoder: solov2, peaks: false} | cate0, cate1, kernel0, kernel1, features
            """)
    void objectsAreThoseOfTheReference(String name, String output, String names) throws IOException {
        Npz golden = golden(name);
        int height = (int) golden.doubles("size")[0];
        int width = (int) golden.doubles("size")[1];
        ModelManifest manifest = ManifestReader.read(
                "model.yaml",
                "task: detection\nlabels: [a, b, c]\noutput: %s\nthresholds: {score: 0.3}\n".formatted(output));
        UprightImage image = UprightImage.of8Bit(width, height, 3, new byte[3 * width * height]);
        Detector detector = new Detector(
                manifest,
                image,
                manifest.preprocessor().prepare(image),
                DetectionLimits.of(manifest, 0.3f, null, 1000, List.of(), false));
        Map<String, Tensor> returned = new LinkedHashMap<>();
        List<String> named = List.of(names.split(", ", -1));
        if (name.startsWith("solov2")) {
            named.forEach(one -> returned.put("output" + returned.size(), golden.tensor(one)));
        } else {
            returned.put(named.get(0), golden.tensor("class_queries_logits"));
            returned.put(named.get(1), golden.tensor("masks_queries_logits"));
            if (golden.has("pred_boxes")) {
                returned.put("pred_boxes", golden.tensor("pred_boxes"));
            }
        }

        detector.add(new Prediction(returned));

        List<Detection> left = new ArrayList<>(detector.finish().detections());
        float[] scores = golden.floats("expected_scores");
        float[] labels = golden.floats("expected_labels");
        float[] masks = golden.floats("expected_masks");
        assertThat(left).hasSize(scores.length);
        for (int i = 0; i < scores.length; i++) {
            int at = i;
            assertThat(left.removeIf(one -> one.label() == (int) labels[at]
                            && Math.abs(one.score() - scores[at]) <= 2e-6
                            && isEqual(one, masks, at, width, height)))
                    .as("object %d of %s: label %s, score %s; left are %s", i, name, labels[i], scores[i], left)
                    .isTrue();
        }
    }

    private static boolean isEqual(Detection one, float[] masks, int index, int width, int height) {
        int[] picture = new int[width * height];
        Objects.requireNonNull(one.mask()).paint(picture, width, 1);
        for (int i = 0; i < picture.length; i++) {
            if (picture[i] != (int) masks[index * picture.length + i]) {
                return false;
            }
        }
        return true;
    }

    private static Npz golden(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(
                QueryDecodersTest.class.getResourceAsStream("/golden/decoders/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        }
    }
}
