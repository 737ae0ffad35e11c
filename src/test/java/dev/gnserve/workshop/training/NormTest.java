package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Against PyTorch's values (golden/norms/make_norms.py) and against numeric gradients in float64. */
class NormTest {

    private static final int CHANNELS = 6;

    private static JsonNode golden;
    private static float[] input;
    private static float[] slopes;
    private static float[] weight;
    private static float[] bias;
    private static Shape shape;
    private static PyTorchBackend engine;

    @BeforeAll
    static void open() throws IOException {
        try (InputStream in = NormTest.class.getResourceAsStream("/golden/norms/norms.json")) {
            golden = JsonMapper.shared().readTree(Objects.requireNonNull(in));
        }
        input = floats(golden.get("input"));
        slopes = floats(golden.get("slopes"));
        weight = floats(golden.get("weight"));
        bias = floats(golden.get("bias"));
        float[] sizes = floats(golden.get("shape"));
        shape = new Shape((long) sizes[0], (long) sizes[1], (long) sizes[2], (long) sizes[3]);
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    private static float[] floats(JsonNode numbers) {
        float[] values = new float[numbers.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) numbers.get(i).asDouble();
        }
        return values;
    }

    private static List<JsonNode> cases() {
        return StreamSupport.stream(golden.get("cases").spliterator(), false).toList();
    }

    @ParameterizedTest(name = "{index}") // The cases are long.
    @MethodSource("cases")
    void outputAndGradientsAreThoseOfPyTorch(JsonNode expected) {
        Pass pass = pass(Norm.of(expected.get("norm").asString()));
        assertThat(pass.output()).containsExactly(floats(expected.get("output")), within(2e-5f));
        assertThat(pass.gradient()).containsExactly(floats(expected.get("gradient")), within(2e-5f));
        assertThat(pass.weightGradient()).containsExactly(floats(expected.get("weightGradient")), within(5e-5f));
        assertThat(pass.biasGradient()).containsExactly(floats(expected.get("biasGradient")), within(5e-5f));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bn", "ln", "in", "gn3", "gn/3"})
    void gradientIsTheNumericOneInFloat64(String norm) {
        float[] gradient = pass(Norm.of(norm)).gradient();
        double[] x = new double[input.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = input[i];
        }
        double step = 1e-5;
        for (int i = 0; i < x.length; i += 7) {
            double at = x[i];
            x[i] = at + step;
            double above = loss(norm, x);
            x[i] = at - step;
            double below = loss(norm, x);
            x[i] = at;
            assertThat((double) gradient[i]).as("gradient %d", i).isCloseTo((above - below) / (2 * step), within(1e-4));
        }
    }

    /** The definition: each value belongs to one set, which has one mean and one variance. */
    private static double loss(String norm, double[] x) {
        int pixels = (int) (shape.get(2) * shape.get(3));
        int groups = switch (norm) {
            case "ln" -> 1;
            case "in" -> CHANNELS;
            case "gn3" -> 3;
            default -> 2;
        };
        int sets = norm.equals("bn") ? CHANNELS : (int) shape.get(0) * groups;
        double[] count = new double[sets];
        double[] mean = new double[sets];
        double[] variance = new double[sets];
        int[] set = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            int channel = i / pixels % CHANNELS;
            int image = i / pixels / CHANNELS;
            set[i] = norm.equals("bn") ? channel : image * groups + channel * groups / CHANNELS;
            count[set[i]]++;
            mean[set[i]] += x[i];
        }
        for (int s = 0; s < sets; s++) {
            mean[s] /= count[s];
        }
        for (int i = 0; i < x.length; i++) {
            variance[set[i]] += (x[i] - mean[set[i]]) * (x[i] - mean[set[i]]) / count[set[i]];
        }
        double loss = 0;
        for (int i = 0; i < x.length; i++) {
            int channel = i / pixels % CHANNELS;
            double normalized = (x[i] - mean[set[i]]) / Math.sqrt(variance[set[i]] + 1e-5);
            loss += slopes[i] * (normalized * weight[channel] + bias[channel]);
        }
        return loss;
    }

    @Test
    void runningStatisticsAreThoseOfPyTorch() {
        JsonNode expected = cases().get(0);
        assertThat(expected.get("norm").asString()).isEqualTo("bn");
        try (NDManager manager = NDManager.newBaseManager()) {
            NormLayer layer = layer(Norm.BATCH, manager);
            NDArray x = manager.create(input, shape);
            forward(layer, x, true, manager);
            forward(layer, x.get("0:2").mul(0.5f), true, manager);
            assertThat(values(layer, "running_mean"))
                    .containsExactly(floats(expected.get("runningMean")), within(1e-5f));
            assertThat(values(layer, "running_var"))
                    .containsExactly(floats(expected.get("runningVariance")), within(1e-5f));
            assertThat(forward(layer, x, false, manager).toFloatArray())
                    .containsExactly(floats(expected.get("inference")), within(1e-4f));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "bn", "ln", "in", "gn8", "gn/16"})
    void textIsReadBack(String text) {
        assertThat(Norm.of(text).text()).isEqualTo(text);
    }

    @Test
    void whatIsNoNormIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Norm.of("gn0")).withMessageContaining("none, bn, ln");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Norm.of("gn/4").layer(6))
                .withMessage("6 channels cannot be split into groups of 4");
    }

    /** Each replica would see its own share of the batch. */
    @Test
    void batchNormalizationTakesOneReplica() {
        UNetShape unet = new UNetShape(3, List.of(4, 4), Norm.BATCH, 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ParallelGradient<>(() -> new TrainableUNet(unet), 2))
                .withMessageContaining("whole batch in one replica");
    }

    @SuppressWarnings("ArrayRecordComponent")
    private record Pass(float[] output, float[] gradient, float[] weightGradient, float[] biasGradient) {}

    private static Pass pass(Norm norm) {
        try (NDManager manager = NDManager.newBaseManager();
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NormLayer layer = layer(norm, manager);
            NDArray x = manager.create(input, shape);
            x.setRequiresGradient(true);
            for (String name : List.of("weight", "bias")) {
                layer.getDirectParameters().get(name).getArray().setRequiresGradient(true);
            }
            NDArray y = forward(layer, x, true, manager);
            collector.backward(y.mul(manager.create(slopes, shape)).sum());
            return new Pass(
                    y.toFloatArray(),
                    x.getGradient().toFloatArray(),
                    layer.getDirectParameters()
                            .get("weight")
                            .getArray()
                            .getGradient()
                            .toFloatArray(),
                    layer.getDirectParameters()
                            .get("bias")
                            .getArray()
                            .getGradient()
                            .toFloatArray());
        }
    }

    private static NormLayer layer(Norm norm, NDManager manager) {
        NormLayer layer = norm.layer(CHANNELS);
        layer.initialize(manager, DataType.FLOAT32, shape);
        for (Parameter parameter : layer.getDirectParameters().values()) {
            switch (parameter.getName()) {
                case "weight" -> parameter.getArray().set(weight);
                case "bias" -> parameter.getArray().set(bias);
                default -> {
                    /* Running statistics begin as they are. */
                }
            }
        }
        return layer;
    }

    private static NDArray forward(NormLayer layer, NDArray x, boolean training, NDManager manager) {
        return layer.forward(new ParameterStore(manager, false), new NDList(x), training)
                .singletonOrThrow();
    }

    private static float[] values(NormLayer layer, String name) {
        return layer.getDirectParameters().get(name).getArray().toFloatArray();
    }
}
