package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.badinput.TiffFile;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.Random;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** TIFF pages as the writer of the JDK makes them, and as they are built by hand. */
class TiffRowsTest {

    private static final int WIDTH = 75;
    private static final int HEIGHT = 41;

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    @ParameterizedTest
    @CsvSource({
        "LZW, 5, 0, LITTLE_ENDIAN",
        "LZW, 10, 0, LITTLE_ENDIAN",
        "LZW, 5, 16, BIG_ENDIAN",
        "Deflate, 5, 0, LITTLE_ENDIAN",
        "ZLib, 11, 32, BIG_ENDIAN",
        "PackBits, 5, 0, LITTLE_ENDIAN",
        "PackBits, 12, 0, LITTLE_ENDIAN",
        "PackBits, 13, 16, LITTLE_ENDIAN",
        "LZW, 13, 0, LITTLE_ENDIAN",
        "CCITT T.6, 12, 0, LITTLE_ENDIAN",
        "CCITT T.4, 12, 0, BIG_ENDIAN",
        "CCITT RLE, 12, 0, LITTLE_ENDIAN",
    })
    void whatTheJdkWritesIsReadAsItWas(String compression, int type, int tile, String order) throws IOException {
        BufferedImage picture = new BufferedImage(WIDTH, HEIGHT, type);
        Random random = new Random(3);
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                int gray = random.nextInt(4) == 0 ? random.nextInt(256) : x * 3;
                boolean colour = type == BufferedImage.TYPE_3BYTE_BGR;
                picture.setRGB(x, y, colour ? random.nextInt(1 << 24) & 0xF0FFF0 : gray * 0x010101);
            }
        }

        UprightImage image = decoder.decode(write(picture, compression, tile, order));

        int most = image.maxSample() / 255;
        for (int y = 0; y < HEIGHT; y++) {
            for (int x = 0; x < WIDTH; x++) {
                if (type == BufferedImage.TYPE_USHORT_GRAY || type == BufferedImage.TYPE_BYTE_GRAY) {
                    assertThat(image.sample(x, y, 0))
                            .isEqualTo(picture.getRaster().getSample(x, y, 0));
                } else {
                    int rgb = picture.getRGB(x, y);
                    int red = (rgb >> 16) & 0xFF;
                    int blue = rgb & 0xFF;
                    assertThat(image.sample(x, y, 0) / most).isEqualTo(red);
                    assertThat(image.sample(x, y, image.channels() - 1) / most).isEqualTo(blue);
                }
            }
        }
    }

    private static byte[] write(BufferedImage picture, String compression, int tile, String order) throws IOException {
        Iterator<ImageWriter> writers = ImageIO.getImageWritersByFormatName("tiff");
        ImageWriter writer = writers.next();
        while (!writer.getClass().getName().startsWith("com.sun.")) {
            writer = writers.next();
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ImageOutputStream stream = ImageIO.createImageOutputStream(bytes)) {
            stream.setByteOrder(order.equals("BIG_ENDIAN") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            ImageWriteParam settings = writer.getDefaultWriteParam();
            settings.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            settings.setCompressionType(compression);
            if (tile > 0) {
                settings.setTilingMode(ImageWriteParam.MODE_EXPLICIT);
                settings.setTiling(tile, tile, 0, 0);
            }
            writer.setOutput(stream);
            writer.write(null, new IIOImage(picture, null, null), settings);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    /** 4095 is white whatever the number of bits: three gray values in five bytes. */
    @Test
    void samplesOfTwelveBitsAreKeptOnTheScaleOfSixteen() {
        byte[] data = {0x12, 0x3F, (byte) 0xFF, 0x00, 0x00};

        UprightImage image =
                decoder.decode(TiffFile.page(3, 1, 1, data).tag(258, 12).bytes());

        assertThat(image.bitDepth()).isEqualTo(16);
        assertThat(image.sample(0, 0, 0)).isEqualTo(Math.round(0x123 * 65_535 / 4095.0f));
        assertThat(image.sample(1, 0, 0)).isEqualTo(65_535);
        assertThat(image.sample(2, 0, 0)).isZero();
    }

    @Test
    void whiteMayBeZeroAndBitsMayBeReversed() {
        UprightImage image = decoder.decode(TiffFile.page(4, 1, 1, new byte[] {0b0000_0101})
                .tag(258, 1)
                .tag(262, 0)
                .tag(266, 2)
                .bytes());

        assertThat(new int[] {image.sample(0, 0, 0), image.sample(1, 0, 0), image.sample(2, 0, 0), image.sample(3, 0, 0)
                })
                .containsExactly(0, 255, 0, 255);
    }

    @Test
    void planesAreOneAfterTheOther() {
        byte[] data = {1, 2, 3, 4, 5, 6};

        UprightImage image = decoder.decode(TiffFile.page(2, 1, 1, data)
                .tag(258, 8, 8, 8)
                .tag(262, 2)
                .tag(273, TiffFile.DATA, TiffFile.DATA + 2, TiffFile.DATA + 4)
                .tag(277, 3)
                .tag(279, 2, 2, 2)
                .tag(284, 2)
                .bytes());

        for (int c = 0; c < 3; c++) {
            assertThat(image.sample(0, 0, c)).isEqualTo(1 + 2 * c);
            assertThat(image.sample(1, 0, c)).isEqualTo(2 + 2 * c);
        }
    }

    @Test
    void aStripThatEndsEarlyIsRefused() {
        byte[] tiff =
                TiffFile.page(64, 64, 8, Pictures.deflated(new byte[1000])).bytes();

        assertThatThrownBy(() -> decoder.decode(tiff)).hasMessageContaining("strip or tile 0 ends before its pixels");
    }

    /** Writers leave anything in the part of a tile that is beyond the page. */
    @Test
    void onlyNumbersOfThePageAreLookedAt() {
        ByteBuffer tile = ByteBuffer.allocate(16 * 16 * 4).order(ByteOrder.LITTLE_ENDIAN);
        while (tile.hasRemaining()) {
            tile.putFloat(Float.NaN);
        }
        tile.putFloat(0, 0.5f).putFloat(4, 1.5f);

        UprightImage image = decoder.decode(floats(2, tile.array()));

        assertThat(new float[] {image.number(0, 0, 0), image.number(1, 0, 0)}).containsExactly(0.5f, 1.5f);
        assertThatThrownBy(() -> decoder.decode(floats(3, tile.array())))
                .hasMessageContaining("values that are not finite numbers");
    }

    private static byte[] floats(int width, byte[] tile) {
        return TiffFile.page(width, 1, 1, tile)
                .oneTile(16, 16)
                .tag(258, 32)
                .tag(339, 3)
                .bytes();
    }

    /** Signed numbers of 8, 16 and 32 bits; 6 is "row 0 right, column 0 top". */
    @ParameterizedTest
    @ValueSource(ints = {6, 8, 9})
    void theOrientationMayBeASignedNumber(int type) {
        byte[] tiff = TiffFile.page(2, 1, 1, new byte[] {1, 2}).tag(274, 6).bytes();
        ByteBuffer file = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int entry = file.getInt(4) + 2;
        while (file.getShort(entry) != 274) {
            entry += 12;
        }
        file.putShort(entry + 2, (short) type);

        UprightImage image = decoder.decode(tiff);

        assertThat(image.height()).isEqualTo(2);
        assertThat(new int[] {image.sample(0, 0, 0), image.sample(0, 1, 0)}).containsExactly(1, 2);
    }
}
