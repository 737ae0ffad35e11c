package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.image.PlanarImage;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClassProbabilitiesTest {

    @Test
    void softmaxIsThatOfEachPixelInFloat64() {
        int pixels = 45 * 51;
        Random random = new Random(3);
        float[] logits = new float[3 * pixels];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (float) (8 * random.nextGaussian());
        }
        OutputSpec spec = ManifestReader.read(
                        "model.yaml",
                        "task: segmentation\nlabels: [a]\noutput: {decoder: softmax, channels: [background, a, boundary]}\n")
                .output();

        PlanarImage found = ClassProbabilities.of(
                new Prediction(Map.of("logits", new FloatTensor(TensorShape.of(3, 45, 51), logits))), spec);

        for (int pixel = 0; pixel < pixels; pixel++) {
            double sum = 0;
            for (int channel = 0; channel < 3; channel++) {
                sum += Math.exp(logits[channel * pixels + pixel]);
            }
            for (int channel = 0; channel < 3; channel++) {
                assertThat((double) found.values()[channel * pixels + pixel])
                        .as("channel %d of pixel %d", channel, pixel)
                        .isCloseTo(Math.exp(logits[channel * pixels + pixel]) / sum, within(3e-7));
            }
        }
    }
}
