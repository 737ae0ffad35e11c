package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendPlan;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.image.PlanarImage;
import dev.gnserve.image.PreparedImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** The promise of Group Normalization, kept by the real engine with the embedded model. */
@RunningService
class BatchIndependenceIT {

    @Autowired
    ModelRepository models;

    @Test
    void oneImageAloneAndInABatchOf8GivesTheSameMask() throws Exception {
        models.loaded().join();
        LoadedModel model = models.find("nuclei-unet-gn", null);
        Tensor image = input(model, "fluorescence-256");
        PlanarImage histology = tile(model, "histology-violet");
        // The others differ in content, not in shape: what shares a batch has one shape.
        Tensor other = cropped(histology, 256, 256);
        try (BackendModel loaded = model.scope().load(model.archive(), BackendPlan.CPU)) {
            BackendSession session = loaded.newSession();
            float[] alone = logits(session.run(List.of(image)).predictions().get(0));
            for (int position : new int[] {0, 3, 7}) {
                List<Tensor> batch = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    batch.add(i == position ? image : other);
                }
                float[] together = logits(session.run(batch).predictions().get(position));

                assertThat(mask(together)).isEqualTo(mask(alone));
                for (int i = 0; i < alone.length; i++) {
                    assertThat(Math.abs(together[i] - alone[i])).isLessThan(1e-4f);
                }
            }
        }
    }

    private static Tensor input(LoadedModel model, String sample) {
        PlanarImage tile = tile(model, sample);
        return Tensor.of(tile.values(), tile.channels(), tile.height(), tile.width());
    }

    private static PlanarImage tile(LoadedModel model, String sample) {
        PreparedImage prepared = model.manifest()
                .preprocessor()
                .prepare(new ImageDecoder(ImageLimits.DEFAULT).decode(Samples.png(sample)));
        return prepared.tile(0);
    }

    private static Tensor cropped(PlanarImage image, int width, int height) {
        float[] values = new float[image.channels() * height * width];
        for (int channel = 0, at = 0; channel < image.channels(); channel++) {
            for (int y = 0; y < height; y++) {
                for (int x = 0; x < width; x++) {
                    values[at++] = image.value(channel, y, x);
                }
            }
        }
        return Tensor.of(values, image.channels(), height, width);
    }

    private static float[] logits(Prediction prediction) {
        return ((FloatTensor) prediction.first()).values();
    }

    /** Where nucleus and boundary together are more probable than background. */
    private static boolean[] mask(float[] logits) {
        int pixels = logits.length / 3;
        boolean[] mask = new boolean[pixels];
        for (int i = 0; i < pixels; i++) {
            mask[i] = Math.exp(logits[i + pixels]) + Math.exp(logits[i + 2 * pixels]) > Math.exp(logits[i]);
        }
        return mask;
    }
}
