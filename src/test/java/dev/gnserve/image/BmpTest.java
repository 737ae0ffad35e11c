package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class BmpTest {

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    /** Two rows from the bottom: a run, a jump over two pixels and one row up, two pixels as they are, and the end. */
    @Test
    void pixelsThatNoRunReachesHaveTheFirstColour() {
        byte[] runs = {3, 1, 0, 2, 0, 1, 0, 3, 2, 3, 1, 0, 0, 1};

        UprightImage image = decoder.decode(bmp(6, 2, 8, 1, palette(0x102030, 0x405060, 0x708090, 0xFFFFFF), runs));

        assertThat(colors(image, 1)).containsExactly(0x405060, 0x405060, 0x405060, 0x102030, 0x102030, 0x102030);
        assertThat(colors(image, 0)).containsExactly(0x102030, 0x102030, 0x102030, 0x708090, 0xFFFFFF, 0x405060);
    }

    @Test
    void runsOfFourBitsTakeTwoColoursInTurn() {
        byte[] runs = {5, 0x12, 0, 0, 0, 1};

        UprightImage image = decoder.decode(bmp(6, 1, 4, 2, palette(0, 0x0A0A0A, 0x141414), runs));

        assertThat(image.channels()).isOne();
        assertThat(colors(image, 0)).containsExactly(0x0A0A0A, 0x141414, 0x0A0A0A, 0x141414, 0x0A0A0A, 0);
    }

    @Test
    void fiveAndSixBitsAreBroughtToEight() {
        ByteBuffer data = ByteBuffer.allocate(12 + 4).order(ByteOrder.LITTLE_ENDIAN);
        data.putInt(0xF800).putInt(0x07E0).putInt(0x001F).putShort((short) 0xFC1F);

        UprightImage image = decoder.decode(bmp(2, 1, 16, 3, new byte[0], data.array()));

        assertThat(colors(image, 0)).containsExactly(0xFF81FF, 0);
    }

    /** Pointers of OS/2 keep their hot spot in the words that are zero elsewhere. */
    @Test
    void aBitmapWithAHotSpotIsRead() {
        byte[] bitmap = bmp(6, 1, 4, 2, palette(0, 0x0A0A0A, 0x141414), new byte[] {5, 0x12, 0, 0, 0, 1});
        bitmap[6] = 21;
        bitmap[8] = 16;

        assertThat(colors(decoder.decode(bitmap), 0)[1]).isEqualTo(0x141414);
    }

    /** As Pillow reads it: pixels begin behind the header, the masks and the palette. */
    @Test
    void thePlaceOfThePixelsMayBeLeftOut() {
        byte[] indexed = bmp(2, 1, 8, 0, palette(0, 0x0A0B0C, 0x141516), new byte[] {1, 2, 0, 0});
        ByteBuffer masked = ByteBuffer.allocate(12 + 4).order(ByteOrder.LITTLE_ENDIAN);
        masked.putInt(0xF800).putInt(0x07E0).putInt(0x001F).putShort((short) 0xFC1F);
        byte[] direct = bmp(2, 1, 16, 3, new byte[0], masked.array());
        for (byte[] file : new byte[][] {indexed, direct}) {
            ByteBuffer.wrap(file).putInt(10, 0);
        }

        assertThat(colors(decoder.decode(indexed), 0)).containsExactly(0x0A0B0C, 0x141516);
        assertThat(colors(decoder.decode(direct), 0)).containsExactly(0xFF81FF, 0);
    }

    private static int[] colors(UprightImage image, int y) {
        int[] colors = new int[image.width()];
        for (int x = 0; x < colors.length; x++) {
            for (int c = 0; c < 3; c++) {
                colors[x] = (colors[x] << 8) | image.sample(x, y, Math.min(c, image.channels() - 1));
            }
        }
        return colors;
    }

    private static byte[] palette(int... colors) {
        ByteBuffer palette = ByteBuffer.allocate(4 * colors.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int color : colors) {
            palette.putInt(color);
        }
        return palette.array();
    }

    /** A bitmap; masks of its colours are the first of its data. */
    private static byte[] bmp(int width, int height, int bits, int compression, byte[] palette, byte[] data) {
        int masks = compression == 3 ? 12 : 0;
        return ByteBuffer.allocate(54 + palette.length + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 'B')
                .put((byte) 'M')
                .putInt(54 + palette.length + data.length)
                .putInt(0)
                .putInt(54 + palette.length + masks)
                .putInt(40)
                .putInt(width)
                .putInt(height)
                .putShort((short) 1)
                .putShort((short) bits)
                .putInt(compression)
                .putInt(data.length)
                .putInt(0)
                .putInt(0)
                .putInt(palette.length / 4)
                .putInt(0)
                .put(palette)
                .put(data)
                .array();
    }
}
