package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BlobTrainingTest {

    private static BlobVolume volume(long seed) {
        return BlobVolume.made(seed, 24, 48, 48);
    }

    @Test
    void aSeedMakesTheSameVolumeAndAnotherOneAnother() {
        assertThat(volume(3).values())
                .isEqualTo(volume(3).values())
                .isNotEqualTo(volume(4).values());
        assertThat(volume(3).ids()).isEqualTo(volume(3).ids());
    }

    /** Otherwise nothing is to be learned. */
    @Test
    void blobsTouch() {
        BlobVolume made = volume(-1);
        int[] ids = made.ids();
        long touching = IntStream.range(0, ids.length - 1)
                .filter(i -> ids[i] != 0 && ids[i + 1] != 0 && ids[i] != ids[i + 1] && (i + 1) % 48 != 0)
                .count();

        assertThat(touching).isGreaterThan(20);
        assertThat(made.normalized()).hasSize(24 * 48 * 48).doesNotContain(Float.NaN);
    }

    @Test
    void aPerfectNetworkFindsAlmostEveryBlob() {
        for (long seed = -4; seed < 0; seed++) {
            BlobVolume made = volume(seed);
            BlobTraining.Score score = BlobTraining.score(made.target(), made);

            assertThat(score.dice()).isEqualTo(1);
            assertThat(score.f1()).isGreaterThan(0.8);
        }
    }
}
