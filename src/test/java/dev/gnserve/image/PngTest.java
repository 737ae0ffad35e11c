package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Random;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngTest {

    @Test
    void aMaskIsWhiteOnBlack() throws IOException {
        LabelMap map = LabelMap.of(3, 2, new int[] {0, 5, 5, 0, 5, 1});

        Raster mask = read(Png.mask(map, 5));

        assertThat(mask.getNumBands()).isOne();
        assertThat(mask.getSamples(0, 0, 3, 2, 0, (int[]) null)).containsExactly(0, 255, 255, 0, 255, 0);
    }

    @Test
    void aMaskOfARegionIsBlackOutside() throws IOException {
        LabelMap map = LabelMap.of(3, 2, new int[] {5, 5, 5, 5, 5, 5});

        Raster mask = read(Png.mask(map, 5, new LabelMap.Region(1, 1, 2, 1)));

        assertThat(mask.getSamples(0, 0, 3, 2, 0, (int[]) null)).containsExactly(0, 0, 0, 0, 255, 255);
    }

    @Test
    void labelsComeBackAsTheyWere() throws IOException {
        Random random = new Random(2);
        int[] small = random.ints(311 * 207, 0, 256).toArray();
        int[] large = random.ints(311 * 207, 0, 65536).toArray();

        assertThat(read(Png.labels8(LabelMap.of(311, 207, small))).getSamples(0, 0, 311, 207, 0, (int[]) null))
                .isEqualTo(small);
        assertThat(read(Png.labels16(LabelMap.of(311, 207, large))).getSamples(0, 0, 311, 207, 0, (int[]) null))
                .isEqualTo(large);
    }

    @Test
    void aLabelThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> Png.labels8(LabelMap.of(1, 1, new int[] {256})))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256");
    }

    @Test
    void aMaskOfBlobsIsSmall() {
        int[] labels = new int[256 * 256];
        for (int y = 0; y < 256; y++) {
            for (int x = 0; x < 256; x++) {
                labels[y * 256 + x] = Math.hypot(x % 32 - 16, y % 32 - 16) < 11 ? 1 : 0;
            }
        }

        assertThat(Png.mask(LabelMap.of(256, 256, labels), 1)).hasSizeLessThan(2000);
    }

    private static Raster read(byte[] png) throws IOException {
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
        return image.getRaster();
    }
}
