package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

class SampleCheckTest {

    private static final ModelManifest SIGMOID = manifest("sigmoid");

    @Test
    void aSigmoidOnValuesThatAreFractionsForAllImagesIsDoubtful() {
        assertThat(SampleCheck.doubt(SIGMOID, network(value -> 1 / (1 + Math.exp(-value)))))
                .contains("output.decoder is sigmoid", "use output: {decoder: probabilities, exclusive: false}");
    }

    @Test
    void logitsAreNotDoubtful() {
        assertThat(SampleCheck.doubt(SIGMOID, network(value -> 4 * value - 2))).isNull();
    }

    /** Noise alone would look like probabilities. */
    @Test
    void logitsThatAreFractionsForNoiseOnlyAreNotDoubtful() {
        assertThat(SampleCheck.doubt(SIGMOID, new BackendSession() {
                    private int passes;

                    @Override
                    public PassResult run(List<? extends ModelInput> inputs) {
                        boolean noise = passes++ == 0;
                        return network(value -> noise ? 0.5 : 3).run(inputs);
                    }
                }))
                .isNull();
    }

    @Test
    void otherDecodersAreNotRun() {
        assertThat(SampleCheck.doubt(manifest("probabilities, exclusive: false"), inputs -> {
                    throw new AssertionError("no pass is needed");
                }))
                .isNull();
    }

    private static ModelManifest manifest(String decoder) {
        return ManifestReader.read("model.yaml", """
                task: segmentation
                labels: [cell]
                output: {decoder: %s}
                warmUp: {shapes: [[3, 16, 16]]}
                """.formatted(decoder));
    }

    /** A network whose output is a function of the first channel of its input. */
    private static BackendSession network(DoubleUnaryOperator function) {
        return inputs -> {
            FloatTensor input = (FloatTensor) inputs.get(0);
            TensorShape shape =
                    TensorShape.of(1, input.shape().size(1), input.shape().size(2));
            float[] values = new float[shape.size(1) * shape.size(2)];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) function.applyAsDouble(input.values()[i]);
            }
            return new PassResult(
                    List.of(new Prediction(Map.of("output", new FloatTensor(shape, values)))),
                    Duration.ZERO,
                    Duration.ZERO,
                    Duration.ZERO,
                    false);
        };
    }
}
