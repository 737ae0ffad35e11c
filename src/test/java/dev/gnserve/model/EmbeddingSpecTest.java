package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.FailureException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EmbeddingSpecTest {

    private static final OutputSpec PLAIN = output("task: embedding");
    private static final OutputSpec UNIT = output("task: embedding\noutput: {normalize: true}");

    private static OutputSpec output(String yaml) {
        return ManifestReader.read("model.yaml", yaml).output();
    }

    private static Prediction one(float[] values, int... shape) {
        return new Prediction(Map.of("output", Tensor.of(values, shape)));
    }

    @Test
    void aVectorIsDividedByItsLengthIfTheManifestSaysSo() {
        Prediction prediction = one(new float[] {3, -4, 0}, 3);

        assertThat(EmbeddingSpec.vector(PLAIN, prediction)).containsExactly(3, -4, 0);
        assertThat(EmbeddingSpec.vector(UNIT, prediction)).containsExactly(0.6f, -0.8f, 0);
    }

    /** Squares of these overflow float32. */
    @Test
    void largeAndSmallValuesAreNormalizedToo() {
        assertThat(EmbeddingSpec.vector(UNIT, one(new float[] {3 * 0x1p100f, 4 * 0x1p100f}, 2)))
                .containsExactly(0.6f, 0.8f);
        assertThat(EmbeddingSpec.vector(UNIT, one(new float[] {0, 0}, 2))).containsExactly(0, 0);
        // As torch.nn.functional.normalize, which divides by 1e-12 at least.
        assertThat(EmbeddingSpec.vector(UNIT, one(new float[] {3e-13f, 4e-13f}, 2)))
                .containsExactly(new float[] {0.3f, 0.4f}, within(1e-6f));
    }

    @Test
    void aPoolingMayKeepTheAxesOfTheMap() {
        assertThat(EmbeddingSpec.vector(PLAIN, one(new float[] {1, 2}, 2, 1, 1)))
                .containsExactly(1, 2);
    }

    @Test
    void otherShapesAndNumbersAreRefused() {
        for (int[] shape : List.of(new int[] {2, 3}, new int[] {1, 2, 3}, new int[] {6, 1})) {
            assertThatThrownBy(() -> EmbeddingSpec.vector(PLAIN, one(new float[6], shape)))
                    .isInstanceOf(FailureException.class)
                    .hasMessageContaining("one vector for each image, [D] or [D, 1, 1]");
        }
        assertThatThrownBy(() -> EmbeddingSpec.vector(PLAIN, one(new float[] {1, Float.NaN}, 2)))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("contains NaN");
    }

    @Test
    void oneOfSeveralOutputsNeedsAName() {
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("tokens", Tensor.of(new float[] {9, 9}, 2));
        outputs.put("pooled", Tensor.of(new float[] {1, 2}, 2));
        Prediction prediction = new Prediction(outputs);

        assertThatThrownBy(() -> EmbeddingSpec.vector(PLAIN, prediction))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("several outputs");
        assertThat(EmbeddingSpec.vector(output("task: embedding\noutput: {name: pooled}"), prediction))
                .containsExactly(1, 2);
    }

    @Test
    void theManifestHasNoLabelsAndNoTiles() {
        ModelManifest manifest = ManifestReader.read("model.yaml", "task: embedding");
        assertThat(manifest.labels()).isEmpty();
        assertThat(manifest.input().tiling()).isNull();
        refuses("task: embedding\nlabels: [a]", "the values of an embedding have no names");
        refuses("task: embedding\ninput: {tile: {size: 64}}", "needs the whole image");
        refuses("task: embedding\noutput: {decoder: softmax}", "does not go with task embedding");
        refuses(
                "task: classification\nlabels: [a]\noutput: {decoder: embedding}",
                "does not go with task classification");
        refuses("task: classification\nlabels: [a]\noutput: {normalize: true}", "output.normalize is given");
        refuses("task: classification", "labels is missing");
    }

    private static void refuses(String yaml, String what) {
        assertThatThrownBy(() -> ManifestReader.read("model.yaml", yaml))
                .isInstanceOf(InvalidManifestException.class)
                .hasMessageContaining(what);
    }
}
