package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptWriter;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FcosScriptTest {

    private static final FcosShape SMALL = new FcosShape(List.of(8, 8, 16, 16, 16), 16, new Norm.Group(4), 3);

    @TempDir
    Path folder;

    @Test
    void archiveDecodesWhatTheTrainedNetworkSaysForAnySizeOfInput() throws Exception {
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
                TrainableFcos network = new TrainableFcos(SMALL)) {
            float[] weights = network.initialWeights(5);
            Random random = new Random(6);
            for (int i = 0; i < weights.length; i++) {
                weights[i] += 0.05f * (float) random.nextGaussian();
            }
            Path archive = folder.resolve("model.pt");
            TorchScriptWriter.write(network.script(weights, false), "fcos", archive);
            try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(archive);
                    PyTorchModel model = engine.load(snapshot, BackendPlan.CPU)) {
                for (int[] size : new int[][] {{64, 96}, {32, 32}, {128, 64}}) {
                    float[] image = new float[3 * size[0] * size[1]];
                    for (int i = 0; i < image.length; i++) {
                        image[i] = random.nextFloat();
                    }
                    DenseOutput expected = network.output(image, size[0], size[1]);
                    FloatTensor input = new FloatTensor(TensorShape.of(3, size[0], size[1]), image);
                    List<Tensor> outputs = List.copyOf(model.newSession()
                            .run(List.of(input))
                            .predictions()
                            .get(0)
                            .outputs()
                            .values());

                    FloatTensor boxes = (FloatTensor) outputs.get(0);
                    FloatTensor scores = (FloatTensor) outputs.get(1);
                    int locations = size[0] * size[1] * 21 / 1024;
                    assertThat(boxes.shape()).isEqualTo(TensorShape.of(locations, 4));
                    assertThat(scores.shape()).isEqualTo(TensorShape.of(locations, 3));
                    assertThat(boxes.values()).containsExactly(expected.boxes(), within(1e-3f));
                    assertThat(scores.values()).containsExactly(expected.scores(), within(1e-5f));
                }
            }
        }
    }
}
