package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GroupNormTest {

    @Test
    void everyGroupHasItsOwnMeanAndVariance() {
        int groups = 2;
        int channels = 6;
        int pixels = 4 * 5;
        float[] x = new float[2 * channels * pixels];
        Random random = new Random(3);
        for (int i = 0; i < x.length; i++) {
            x[i] = 7 + 3 * (float) random.nextGaussian();
        }
        GroupNorm norm = new GroupNorm(groups, channels);
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
                NDManager manager = NDManager.newBaseManager()) {
            assertThat(engine.describe().device()).isEqualTo("cpu");
            Shape shape = new Shape(2, channels, 4, 5);
            norm.initialize(manager, DataType.FLOAT32, shape);
            norm.getDirectParameters().get("weight").getArray().set(new float[] {1, 2, 3, 4, 5, 6});
            norm.getDirectParameters().get("bias").getArray().set(new float[] {0, 0, 0, 10, 10, 10});
            NDArray y = norm.forward(new ParameterStore(manager, false), new NDList(manager.create(x, shape)), false)
                    .singletonOrThrow();
            assertThat(y.toFloatArray()).containsExactly(expected(x, groups, channels, pixels), within(1e-4f));
        }
    }

    private static float[] expected(float[] x, int groups, int channels, int pixels) {
        int length = channels / groups * pixels;
        float[] y = new float[x.length];
        for (int row = 0; row < x.length / length; row++) {
            double sum = 0;
            double squares = 0;
            for (int i = row * length; i < (row + 1) * length; i++) {
                sum += x[i];
            }
            double mean = sum / length;
            for (int i = row * length; i < (row + 1) * length; i++) {
                squares += (x[i] - mean) * (x[i] - mean);
            }
            for (int i = row * length; i < (row + 1) * length; i++) {
                int channel = i / pixels % channels;
                y[i] = (float)
                        ((x[i] - mean) / Math.sqrt(squares / length + 1e-5) * (channel + 1) + (channel < 3 ? 0 : 10));
            }
        }
        return y;
    }

    @Test
    void channelsMustFillTheGroups() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GroupNorm(4, 6))
                .withMessageContaining("6 channels")
                .withMessageContaining("4 groups");
    }
}
