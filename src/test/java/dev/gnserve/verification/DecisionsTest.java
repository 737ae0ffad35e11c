package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ManifestReader;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.segmentation.SegmentedClass;
import dev.gnserve.segmentation.Segmenter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One image alone and among others. */
class DecisionsTest {

    @Test
    void aPixelChangesWhenItsProbabilityCrossesTheThresholdOfTheMask() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\nthresholds: {mask: 0.9}");
        // softmax of (0, 2.1) is 0.891 and of (0, 2.3) 0.909; the winner is the same.
        Prediction alone = output(Tensor.of(new float[] {0, 0, 2.1f, 5}, 2, 1, 2));
        Prediction together = output(Tensor.of(new float[] {0, 0, 2.3f, 5}, 2, 1, 2));

        assertThat(decisions.changed(alone, together)).isOne();
        assertThat(Decisions.HIGHEST.changed(alone, together)).isZero();
    }

    /** A tensor that the model itself makes of its logits. */
    @Test
    void eachWholeNumberIsADecision() {
        Decisions decisions = of("task: tensors\nwarmUp: {shapes: [[1]]}");
        Prediction alone = output(new RawTensor(ElementType.UINT8, TensorShape.of(2, 2), new byte[] {1, 2, 3, 4}));
        Prediction other = output(new RawTensor(ElementType.UINT8, TensorShape.of(2, 2), new byte[] {1, 3, 2, 4}));
        Prediction shorter = output(new RawTensor(ElementType.UINT8, TensorShape.of(1, 2), new byte[] {1, 2}));

        assertThat(decisions.changed(alone, other)).isEqualTo(2);
        assertThat(decisions.changed(alone, shorter)).isEqualTo(4);
        assertThat(decisions.positive(alone)).isEqualTo(4);
    }

    @Test
    void theRimBelongsToTheMask() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\noutput: {channels: [background, a, boundary]}");
        Prediction alone = output(Tensor.of(new float[] {0, 1, 0}, 3, 1, 1));
        // The winner moves from the interior to the rim; the mask stays.
        Prediction together = output(Tensor.of(new float[] {0, 0, 1}, 3, 1, 1));

        assertThat(decisions.changed(alone, together)).isZero();
        assertThat(Decisions.HIGHEST.changed(alone, together)).isOne();
    }

    /** Which moves from one label's mask to the other's with the whole of the rim. */
    @Test
    void aPixelOfTheRimBelongsToTheLabelThatIsMostProbable() {
        Decisions decisions =
                of("task: segmentation\nlabels: [a, b]\noutput: {channels: [background, a, b, boundary]}");
        Prediction alone = output(Tensor.of(new float[] {0, 1, 0.9f, 2}, 4, 1, 1));

        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {0, 0.9f, 1, 2}, 4, 1, 1))))
                .as("it leaves the one and joins the other")
                .isEqualTo(2);
        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {0, 0.95f, 0.9f, 2}, 4, 1, 1))))
                .isZero();
    }

    /** The flows of Cellpose move outlines a little; whether a pixel is of a cell is what the network decides. */
    @Test
    void aDecisionOfCellposeIsWhetherAPixelIsOfACell() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\noutput: {decoder: cellpose}");
        Prediction alone = output(Tensor.of(new float[] {5, 0, 0, 5, 1, -1}, 3, 1, 2));

        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {0, 5, 5, 0, 1, -1}, 3, 1, 2))))
                .isZero();
        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {5, 0, 0, 5, -1, 1}, 3, 1, 2))))
                .isEqualTo(2);
    }

    @Test
    void aDecisionOfHoverNetIsTheTypeOfAPixelOfANucleus() {
        Decisions decisions = of("task: segmentation\nlabels: [a, b]\noutput: {decoder: hovernet}");

        assertThat(decisions.changed(hovernet(0, 1, 0.5f, 0, 1, 0), hovernet(0, 1, 0.5f, 0, 0, 1)))
                .as("another type")
                .isOne();
        assertThat(decisions.changed(hovernet(1, 0, 0.5f, 0, 1, 0), hovernet(1, 0, 0.5f, 0, 0, 1)))
                .as("another type of the background")
                .isZero();
    }

    /** One pixel: logits of background and nucleus, a distance in both directions, and logits of three types. */
    private static Prediction hovernet(float no, float yes, float distance, float... types) {
        return new Prediction(Map.of(
                "np", Tensor.of(new float[] {no, yes}, 2, 1, 1),
                "hv", Tensor.of(new float[] {distance, distance}, 2, 1, 1),
                "tp", Tensor.of(types, 3, 1, 1)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"softmax", "sigmoid"})
    void logitsWhoseExponentialsOverflowDecideAsOthers(String decoder) {
        Decisions decisions = of(
                "task: segmentation\nlabels: [a]\noutput: {channels: [background, a], decoder: %s}".formatted(decoder));
        Prediction alone = output(Tensor.of(new float[] {-1000, 1000}, 2, 1, 1));

        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {1000, -1000}, 2, 1, 1))))
                .isOne();
        assertThat(decisions.changed(alone, output(Tensor.of(new float[] {-1001, 999}, 2, 1, 1))))
                .isZero();
    }

    @Test
    void withoutOneOfTheResultsAllDecisionsChange() {
        Decisions decisions = of("task: segmentation\nlabels: [a]");
        Prediction alone = output(Tensor.of(new float[] {0, 0, 1, 1}, 2, 1, 2));
        Prediction together = output(Tensor.of(new float[] {0, 0, 1, Float.NaN}, 2, 1, 2));

        assertThat(decisions.changed(alone, together)).isEqualTo(2);
        assertThat(decisions.changed(together, alone)).isEqualTo(2);
        assertThat(decisions.changed(together, together)).isZero();
    }

    /** As torchvision's networks give for training. */
    @Test
    void anOutputThatIsNotPartOfTheResultDecidesNothing() {
        Decisions decisions = of("task: segmentation\nlabels: [a]");
        Tensor out = Tensor.of(new float[] {0, 1}, 2, 1, 1);
        Prediction alone = new Prediction(Map.of("out", out, "aux", Tensor.of(new float[] {0, 1}, 2, 1, 1)));
        Prediction together = new Prediction(Map.of("out", out, "aux", Tensor.of(new float[] {1, 0}, 2, 1, 1)));

        assertThat(decisions.changed(alone, together)).isZero();
        assertThat(Decisions.HIGHEST.changed(alone, together)).isOne();
    }

    /** Judged by the code that makes the results. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "labels: [a]",
                "labels: [a, b, c]",
                "labels: [a, b, c]\noutput: {channels: [boundary, c, background, a, b]}",
                "labels: [a, b]\noutput: {channels: [a, b, boundary], decoder: sigmoid}\nthresholds: {mask: 0.7}"
            })
    void theChangedPixelsAreThoseOfTheMasks(String text) {
        ModelManifest manifest = ManifestReader.read(
                "model.yaml", "task: segmentation\ninput: {colour: gray, sizeMultiple: 1}\n" + text);
        Random random = new Random(13);
        int channels = manifest.output().channels().size();
        for (int turn = 0; turn < 20; turn++) {
            float[] one = new float[channels * 40 * 30];
            float[] other = new float[one.length];
            for (int i = 0; i < one.length; i++) {
                one[i] = (float) random.nextGaussian();
                other[i] = one[i] + 0.1f * (float) random.nextGaussian();
            }
            Prediction alone = output(Tensor.of(one, channels, 30, 40));
            Prediction together = output(Tensor.of(other, channels, 30, 40));

            List<SegmentedClass> before = result(manifest, alone);
            List<SegmentedClass> after = result(manifest, together);

            long changed = 0;
            for (int label = 0; label < before.size(); label++) {
                for (int p = 0; p < 40 * 30; p++) {
                    int was = before.get(label).mask().label(p % 40, p / 40);
                    changed += was == after.get(label).mask().label(p % 40, p / 40) ? 0 : 1;
                }
            }
            assertThat(changed).isPositive();
            assertThat(Decisions.of(manifest).changed(alone, together)).isEqualTo(changed);
        }
    }

    private static List<SegmentedClass> result(ModelManifest manifest, Prediction prediction) {
        UprightImage image = UprightImage.of8Bit(40, 30, 1, new byte[40 * 30]);
        Segmenter segmenter =
                new Segmenter(manifest, image, manifest.preprocessor().prepare(image), null);
        segmenter.add(prediction);
        return segmenter.classes();
    }

    /** The number before the first label's, as torchvision has it. */
    @Test
    void aDetectionOfTheBackgroundIsNotPartOfTheResult() {
        Decisions decisions = of("task: detection\nlabels: [a]\nthresholds: {score: 0.5}");
        Prediction none = chosen(new float[0]);
        Prediction background = chosen(0, new float[] {0, 0, 10, 10}, 0.9f);

        assertThat(decisions.changed(none, background)).isZero();
        assertThat(Decisions.HIGHEST.changed(none, background)).isOne();
    }

    @Test
    void aBoxChangesWithItsScoreOrItsPlace() {
        Decisions decisions = of("task: detection\nlabels: [a]\nthresholds: {score: 0.5}");
        float[] boxes = {0, 0, 10, 10, 5, 5, 9, 9};
        Prediction alone = dense(boxes, 0.6f, 0.4f);

        assertThat(decisions.changed(alone, dense(boxes, 0.6f, 0.4f))).isZero();
        assertThat(decisions.changed(alone, dense(boxes, 0.6f, 0.51f))).isOne();
        float[] little = {0.4f, 0, 10, 10, 5, 5, 9, 9};
        assertThat(decisions.changed(alone, dense(little, 0.6f, 0.4f))).isZero();
        float[] moved = {0.6f, 0, 10, 10, 5, 5, 9, 9};
        assertThat(decisions.changed(alone, dense(moved, 0.6f, 0.4f))).isOne();
        // A box that does not count may lie anywhere.
        float[] other = {0, 0, 10, 10, 5, 5, 90, 90};
        assertThat(decisions.changed(alone, dense(other, 0.6f, 0.4f))).isZero();
    }

    @Test
    void aDetectionThatAppearsOrDisappearsChangesTheResultAboveTheThreshold() {
        Decisions decisions = of("task: detection\nlabels: [a]\nthresholds: {score: 0.5}");
        Prediction alone = chosen(new float[] {0, 0, 10, 10, 5, 5, 9, 9}, 0.6f, 0.4f);

        // In another order.
        assertThat(decisions.changed(alone, chosen(new float[] {5, 5, 9, 9, 0, 0, 10, 10}, 0.4f, 0.6f)))
                .isZero();
        assertThat(decisions.changed(alone, chosen(new float[] {0, 0, 10, 10}, 0.6f)))
                .isZero();
        assertThat(decisions.changed(alone, chosen(new float[] {5, 5, 9, 9}, 0.4f)))
                .isOne();
        assertThat(decisions.changed(alone, chosen(new float[] {2, 0, 10, 10, 5, 5, 9, 9}, 0.6f, 0.4f)))
                .as("elsewhere: one goes and one comes")
                .isEqualTo(2);
        assertThat(Decisions.HIGHEST.changed(alone, chosen(new float[] {0, 0, 10, 10}, 0.6f)))
                .isOne();
    }

    private static Decisions of(String manifest) {
        return Decisions.of(ManifestReader.read("model.yaml", manifest));
    }

    private static Prediction output(Tensor logits) {
        return new Prediction(Map.of("output", logits));
    }

    private static Prediction dense(float[] boxes, float... scores) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("output0", Tensor.of(boxes, boxes.length / 4, 4));
        outputs.put("output1", Tensor.of(scores, scores.length, 1));
        return new Prediction(outputs);
    }

    /** As torchvision's detectors give, all of the first label. */
    private static Prediction chosen(float[] boxes, float... scores) {
        return chosen(1, boxes, scores);
    }

    private static Prediction chosen(int label, float[] boxes, float... scores) {
        float[] labels = new float[scores.length];
        Arrays.fill(labels, label);
        return new Prediction(Map.of(
                "boxes", Tensor.of(boxes, scores.length, 4),
                "labels", Tensor.of(labels, scores.length),
                "scores", Tensor.of(scores, scores.length)));
    }
}
