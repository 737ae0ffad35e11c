package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.TorchScriptWriter;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.backend.djl.EngineSettings;
import dev.gnserve.backend.djl.PyTorchBackend;
import dev.gnserve.backend.djl.PyTorchModel;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UNetScriptTest {

    private static final UNetShape SMALL = new UNetShape(3, List.of(8, 16, 16), new Norm.Group(4), 3);

    @TempDir
    Path folder;

    @Test
    void archiveComputesWhatTheTrainedNetworkComputes() throws Exception {
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
                TrainableUNet network = new TrainableUNet(SMALL)) {
            float[] weights = network.weights().initial(5);
            Random random = new Random(6);
            for (int i = 0; i < weights.length; i++) {
                weights[i] += 0.05f * (float) random.nextGaussian();
            }
            Path archive = folder.resolve("model.pt");
            TorchScriptWriter.write(network.script(weights, false), "unet", archive);
            float[] image = new float[3 * 24 * 32];
            for (int i = 0; i < image.length; i++) {
                image[i] = random.nextFloat();
            }
            float[] expected = network.logits(image, 24, 32);

            try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(archive);
                    PyTorchModel model = engine.load(snapshot, BackendPlan.CPU)) {
                FloatTensor input = new FloatTensor(TensorShape.of(3, 24, 32), image);
                FloatTensor output = (FloatTensor) model.newSession()
                        .run(List.of(input))
                        .predictions()
                        .get(0)
                        .first();

                assertThat(output.shape()).isEqualTo(TensorShape.of(3, 24, 32));
                assertThat(output.values()).containsExactly(expected, within(1e-5f));
            }
        }
    }

    @Test
    void archiveOfVolumesComputesWhatTheTrainedNetworkComputes() throws Exception {
        BlobVolume volume = BlobVolume.made(-1, 8, 16, 24);
        try (PyTorchBackend engine = PyTorchBackend.start(new EngineSettings(Device.CPU, 1));
                TrainableBlobs network = new TrainableBlobs(BlobRecipe.DEFAULT.network())) {
            float[] weights = network.weights().initial(5);
            Path archive = folder.resolve("model.pt");
            TorchScriptWriter.write(network.script(weights, false), "unet3d", archive);
            float[] expected = network.probabilities(volume);

            try (ArchiveSnapshot snapshot = ArchiveSnapshot.read(archive);
                    PyTorchModel model = engine.load(snapshot, BackendPlan.CPU)) {
                FloatTensor input = new FloatTensor(TensorShape.of(1, 8, 16, 24), volume.normalized());
                FloatTensor output = (FloatTensor) model.newSession()
                        .run(List.of(input))
                        .predictions()
                        .get(0)
                        .first();

                assertThat(output.shape()).isEqualTo(TensorShape.of(2, 8, 16, 24));
                float[] logits = output.values();
                for (int i = 0; i < logits.length; i++) {
                    assertThat(1 / (1 + Math.exp(-logits[i]))).isCloseTo(expected[i], within(1e-5));
                }
            }
        }
    }
}
