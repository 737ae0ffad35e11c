package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.model.ManifestReader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

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

    @Test
    void theRimBelongsToTheMask() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\noutput: {channels: [background, a, boundary]}");
        Prediction alone = output(Tensor.of(new float[] {0, 1, 0}, 3, 1, 1));
        // The winner moves from the interior to the rim; the mask stays.
        Prediction together = output(Tensor.of(new float[] {0, 0, 1}, 3, 1, 1));

        assertThat(decisions.changed(alone, together)).isZero();
        assertThat(Decisions.HIGHEST.changed(alone, together)).isOne();
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
    void aDetectionThatComesOrGoesChangesTheResultIfItCounts() {
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

    /** As torchvision's detectors give, all of one label. */
    private static Prediction chosen(float[] boxes, float... scores) {
        return new Prediction(Map.of(
                "boxes", Tensor.of(boxes, scores.length, 4),
                "labels", Tensor.of(new float[scores.length], scores.length),
                "scores", Tensor.of(scores, scores.length)));
    }
}
