package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptWriter;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives with every norm, and with other norms at the entrance, compute what the trained networks compute. */
class NormScriptTest {

    private static final int SIDE = CellCrops.SIZE;

    private static PyTorchBackend engine;

    @TempDir
    Path folder;

    @BeforeAll
    static void startEngine() {
        engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "bn", "ln", "in", "gn4", "gn/4"})
    void classifier(String norm) throws IOException {
        try (TrainableResNet network = new TrainableResNet(new ResNetShape(3, List.of(4, 8), Norm.of(norm), 4))) {
            float[] weights = weights(network.weights());
            network.weights().load(weights);
            CellBatch batch = new CellBatch(1, SIDE, 4);
            batch.put(0, new CellCrops.Cell(image(1), 0));
            float[] expected = network.logits(batch);
            assertThat(served(network, weights, false, List.of(image(1))).get(0))
                    .containsExactly(expected, within(1e-4f));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "bn", "ln", "in", "gn4", "gn/4"})
    void segmentation(String norm) throws IOException {
        Entrance entrance = new Entrance(Norm.INSTANCE, Norm.LAYER);
        try (TrainableUNet network = new TrainableUNet(new UNetShape(3, List.of(4, 8), Norm.of(norm), entrance, 3))) {
            float[] weights = weights(network.weights());
            network.weights().load(weights);
            float[] expected = network.logits(image(1), SIDE, SIDE);
            assertThat(served(network, weights, false, List.of(image(1))).get(0))
                    .containsExactly(expected, within(1e-4f));
        }
    }

    @Test
    void statisticsOfTheServedBatchMakeAnswersDependOnIt() throws IOException {
        try (TrainableResNet network = new TrainableResNet(new ResNetShape(3, List.of(4, 8), Norm.BATCH, 4))) {
            float[] weights = weights(network.weights());
            float[] running = served(network, weights, false, List.of(image(1))).get(0);
            assertThat(served(network, weights, false, List.of(image(1), image(2)))
                            .get(0))
                    .containsExactly(running, within(1e-4f));
            float[] alone = served(network, weights, true, List.of(image(1))).get(0);
            float[] together =
                    served(network, weights, true, List.of(image(1), image(2))).get(0);
            assertThat(IntStream.range(0, 4)
                            .mapToDouble(i -> Math.abs(alone[i] - together[i]))
                            .max()
                            .orElseThrow())
                    .isGreaterThan(0.01);
        }
    }

    private static float[] weights(NetworkWeights of) {
        float[] weights = of.initial(5);
        Random random = new Random(6);
        for (int i = 0; i < weights.length; i++) {
            weights[i] += 0.05f * random.nextFloat(); // Positive: variances must stay so.
        }
        return weights;
    }

    private static float[] image(int seed) {
        Random random = new Random(seed);
        float[] image = new float[3 * SIDE * SIDE];
        for (int i = 0; i < image.length; i++) {
            image[i] = seed * random.nextFloat();
        }
        return image;
    }

    private List<float[]> served(Replica<?> network, float[] weights, boolean batchStatistics, List<float[]> images)
            throws IOException {
        Path archive = folder.resolve("model.pt");
        TorchScriptWriter.write(network.script(weights, batchStatistics), "network", archive);
        try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(archive);
                BackendModel model = engine.load(snapshot, BackendPlan.CPU)) {
            List<FloatTensor> inputs = new ArrayList<>();
            images.forEach(image -> inputs.add(new FloatTensor(TensorShape.of(3, SIDE, SIDE), image)));
            return model.newSession().run(inputs).predictions().stream()
                    .map(prediction -> prediction.first().floats())
                    .toList();
        }
    }
}
