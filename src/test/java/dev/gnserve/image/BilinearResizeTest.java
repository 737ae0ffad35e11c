package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

/** Against values made by PyTorch 2.13 (golden/resize/make.py). */
class BilinearResizeTest {

    private static final int[][] SIZES = {
        {37, 53, 16, 16},
        {20, 31, 47, 64},
        {64, 48, 64, 31},
        {9, 7, 1, 1},
        {5, 5, 23, 5},
        {64, 3, 7, 30},
        {50, 40, 49, 41},
        {1, 6, 4, 3}
    };

    @Test
    void equalsPyTorch() {
        byte[] source = Golden.read("resize/source-64x60.u8");
        FloatBuffer expected = ByteBuffer.wrap(Golden.read("resize/expected.f32"))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        for (int[] size : SIZES) {
            float[] values = new float[size[0] * size[1]];
            for (int i = 0; i < values.length; i++) {
                values[i] = source[i / size[1] * 60 + i % size[1]] & 0xFF;
            }

            PlanarImage scaled = new PlanarImage(1, size[0], size[1], values).resizedTo(size[3], size[2]);

            assertThat(scaled.values()).hasSize(size[2] * size[3]);
            for (float value : scaled.values()) {
                // Of 255: a hundred times closer than the 1 that is promised.
                assertThat(value).isCloseTo(expected.get(), within(0.01f));
            }
        }
        assertThat(expected.hasRemaining()).isFalse();
    }

    @Test
    void theSameSizeIsTheSameImage() {
        PlanarImage image = new PlanarImage(1, 2, 2, new float[] {1, 2, 3, 4});

        assertThat(image.resizedTo(2, 2)).isSameAs(image);
    }

    @Test
    void channelsDoNotMix() {
        PlanarImage image = new PlanarImage(2, 2, 2, new float[] {1, 1, 1, 1, 5, 5, 5, 5});

        PlanarImage scaled = image.resizedTo(3, 5);

        for (int i = 0; i < 15; i++) {
            assertThat(scaled.values()[i]).isCloseTo(1, within(1e-6f));
            assertThat(scaled.values()[15 + i]).isCloseTo(5, within(1e-5f));
        }
    }
}
