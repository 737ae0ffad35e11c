package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CropSamplerTest {

    private static final List<LabelledImage> IMAGES = SyntheticNuclei.images(3, 48, 7);

    @Test
    void batchDependsOnSeedAndStepAlone() {
        CropBatch first = new CropSampler(IMAGES, 32, 5).batch(3, 2);
        CropSampler other = new CropSampler(IMAGES, 32, 5);
        other.batch(1, 2);
        assertThat(other.batch(3, 2).planes()).containsExactly(first.planes());
        assertThat(other.batch(4, 2).planes()).isNotEqualTo(first.planes());
        assertThat(new CropSampler(IMAGES, 32, 6).batch(3, 2).planes()).isNotEqualTo(first.planes());
    }

    @Test
    void everyPixelHasOneClassAndAWeight() {
        CropBatch batch = new CropSampler(IMAGES, 32, 5).batch(0, 3);
        int pixels = 32 * 32;
        for (int item = 0; item < 3; item++) {
            for (int i = 0; i < pixels; i++) {
                float sum = 0;
                for (int c = 0; c < SegmentationTarget.CLASSES; c++) {
                    sum += batch.oneHot()[(item * SegmentationTarget.CLASSES + c) * pixels + i];
                }
                assertThat(sum).isEqualTo(1);
                assertThat(batch.weights()[item * pixels + i]).isGreaterThanOrEqualTo(1);
            }
        }
    }

    @Test
    void imageSmallerThanACropIsMirrored() {
        CropBatch batch = new CropSampler(SyntheticNuclei.images(1, 20, 3), 64, 5).batch(0, 1);
        for (float value : batch.planes()) {
            assertThat(value).isFinite();
        }
        float background = 0;
        for (int i = 0; i < 64 * 64; i++) {
            background += batch.oneHot()[i];
        }
        assertThat(background).isBetween(64f, 64f * 63);
    }
}
