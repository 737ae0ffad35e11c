package dev.gnserve.verification;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.engine.Tensor;
import dev.gnserve.model.ManifestReader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** One image against the second of a batch of two. */
class DecisionsTest {

    @Test
    void aPixelChangesWhenItsProbabilityCrossesTheThresholdOfTheMask() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\nthresholds: {mask: 0.9}");
        // softmax of (0, 2.1) is 0.891 and of (0, 2.3) 0.909; the winner is the same.
        Map<String, Tensor> alone = Map.of("output", Tensor.of(new float[] {0, 0, 2.1f, 5}, 1, 2, 1, 2));
        Map<String, Tensor> batch = Map.of("output", Tensor.of(new float[] {0, 0, 0, 0, 0, 0, 2.3f, 5}, 2, 2, 1, 2));

        assertThat(decisions.changed(alone, batch, 1)).isOne();
        assertThat(Decisions.HIGHEST.changed(alone, batch, 1)).isZero();
    }

    @Test
    void theRimBelongsToTheMask() {
        Decisions decisions = of("task: segmentation\nlabels: [a]\noutput: {channels: [background, a, boundary]}");
        Map<String, Tensor> alone = Map.of("output", Tensor.of(new float[] {0, 1, 0}, 1, 3, 1, 1));
        // The winner moves from the interior to the rim; the mask stays.
        Map<String, Tensor> batch = Map.of("output", Tensor.of(new float[] {9, 9, 9, 0, 0, 1}, 2, 3, 1, 1));

        assertThat(decisions.changed(alone, batch, 1)).isZero();
        assertThat(Decisions.HIGHEST.changed(alone, batch, 1)).isOne();
    }

    @Test
    void aBoxChangesWithItsScoreOrItsPlace() {
        Decisions decisions = of("task: detection\nlabels: [a]\nthresholds: {score: 0.5}");
        float[] boxes = {0, 0, 10, 10, 5, 5, 9, 9};
        Map<String, Tensor> alone = outputs(boxes, new float[] {0.6f, 0.4f}, 1);

        assertThat(decisions.changed(alone, batch(boxes, 0.6f, 0.4f), 1)).isZero();
        assertThat(decisions.changed(alone, batch(boxes, 0.6f, 0.51f), 1)).isOne();
        float[] little = {0.4f, 0, 10, 10, 5, 5, 9, 9};
        assertThat(decisions.changed(alone, batch(little, 0.6f, 0.4f), 1)).isZero();
        float[] moved = {0.6f, 0, 10, 10, 5, 5, 9, 9};
        assertThat(decisions.changed(alone, batch(moved, 0.6f, 0.4f), 1)).isOne();
        // A box that does not count may lie anywhere.
        float[] other = {0, 0, 10, 10, 5, 5, 90, 90};
        assertThat(decisions.changed(alone, batch(other, 0.6f, 0.4f), 1)).isZero();
    }

    private static Decisions of(String manifest) {
        return Decisions.of(ManifestReader.read("model.yaml", manifest));
    }

    private static Map<String, Tensor> batch(float[] second, float... scores) {
        float[] boxes = new float[2 * second.length];
        System.arraycopy(second, 0, boxes, second.length, second.length);
        float[] all = new float[2 * scores.length];
        System.arraycopy(scores, 0, all, scores.length, scores.length);
        return outputs(boxes, all, 2);
    }

    private static Map<String, Tensor> outputs(float[] boxes, float[] scores, int batch) {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("output0", Tensor.of(boxes, batch, boxes.length / 4 / batch, 4));
        outputs.put("output1", Tensor.of(scores, batch, scores.length / batch, 1));
        return outputs;
    }
}
