package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.badinput.TiffFile;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.SampleRange.Kind;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures for networks that take the channels as they are stored. The files and values are tifffile's and NumPy's (channels/make.py). */
class StoredChannelsTest {

    private static final Path FILES = Path.of("src/test/resources/channels");
    private static final ChannelOrder FOUR = new ChannelOrder.Stored(4);

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bands-8.tif",
                "bands-16.tif",
                "bands-float.tif",
                "planes-8.tif",
                "planes-16.tif",
                "planes-float.tif",
                "rgba.tif",
                "last-8.npy",
                "first-16.npy",
                "last-float.npy"
            })
    void allChannelsHaveTheValuesOfTheFile(String name) throws IOException {
        Npz values = Npz.read(Files.readAllBytes(FILES.resolve("values.npz")));

        UprightImage image = decoder.decode(bytes(name), 1, FOUR, Cancellation.NEVER);

        assertThat(new int[] {image.height(), image.width(), image.channels()})
                .isEqualTo(values.shape(name.replace('.', '_')).toArray());
        PlanarImage planes = stored(image, FOUR);
        double[] expected = values.doubles(name.replace('.', '_'));
        int at = 0;
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                for (int c = 0; c < 4; c++, at++) {
                    assertThat((double) planes.value(c, y, x)).isCloseTo(expected[at], within(0.0));
                }
            }
        }
    }

    private static PlanarImage stored(UprightImage image, ChannelOrder order) {
        Normalization none = new Normalization.Fixed(
                1, Collections.nCopies(order.channels(), 0f), Collections.nCopies(order.channels(), 1f));
        return new Preprocessor(
                        order, new SampleRange(Kind.STORED, 0, 100), new Resize.None(), none, Padding.NONE, null)
                .prepare(image)
                .tile(0);
    }

    /** A network of colours gets what it got before: alpha is dropped, and channels beside it are refused. */
    @Test
    void aNetworkOfColoursTakesColours() throws IOException {
        assertThat(decoder.decode(bytes("rgba.tif")).channels()).isEqualTo(3);
        assertThatThrownBy(() -> decoder.decode(bytes("bands-8.tif"))).hasMessageContaining("3 more channels");
    }

    @Test
    void anotherNumberOfChannelsIsRefusedWithBothNumbers() throws IOException {
        UprightImage colours = UprightImage.of8Bit(1, 1, 3, new byte[3]);
        assertThatThrownBy(() -> stored(colours, FOUR))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("the image has 3 channels and the model takes 4");
        UprightImage four = decoder.decode(bytes("planes-8.tif"), 1, FOUR, Cancellation.NEVER);
        assertThatThrownBy(() -> stored(four, new ChannelOrder.Stored(5)))
                .hasMessageContaining("the image has 4 channels and the model takes 5");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    square.npy  | its shape [4, 6, 4] can be [height, width, channels] or [channels, height, width]
                    other.npy   | its shape is [5, 6, 7], and the model takes 4 channels
                    fortran.npy | its values are in Fortran order
                    """)
    void arraysThatAreNotClearAreRefused(String name, String why) {
        assertThatThrownBy(() -> decoder.decode(bytes(name), 1, FOUR, Cancellation.NEVER))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining(why);
    }

    @Test
    void arraysOfColoursAreReadForNetworksOfColours() {
        byte[] gray = npy("|u1", "(2, 3)", new byte[] {1, 2, 3, 4, 5, 6});
        assertThat(decoder.decode(gray).channels()).isOne();
        assertThat(decoder.decode(gray).sample(2, 1, 0)).isEqualTo(6);
        byte[] first = npy("|u1", "(3, 2, 1)", new byte[] {1, 2, 3, 4, 5, 6});
        assertThatThrownBy(() -> decoder.decode(first)).hasMessageContaining("since the model takes 1 or 3 channels");
        byte[] colours = npy("|u1", "(2, 2, 3)", new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        assertThat(decoder.decode(colours).sample(1, 1, 2)).isEqualTo(12);
        byte[] cut = npy("|u1", "(2, 2, 3)", new byte[11]);
        assertThatThrownBy(() -> decoder.decode(cut)).hasMessageContaining("11 bytes behind its header and needs 12");
        byte[] complex = npy("<c8", "(2, 2)", new byte[32]);
        assertThatThrownBy(() -> decoder.decode(complex)).hasMessageContaining("its type is not read");
    }

    /** Three values in five bytes, the most significant bits first (TIFF 6.0, page 29). */
    @Test
    void packedSamplesAreThoseOfTheFile() {
        byte[] data = {0x12, 0x3F, (byte) 0xFF, 0x00, 0x10};
        UprightImage gray =
                decoder.decode(TiffFile.page(3, 1, 1, data).tag(258, 12).bytes());
        assertThat(stored(gray, ChannelOrder.GRAY).values()).containsExactly(0x123, 0xFFF, 0x001);
        assertThat(gray.value(0, 0, 0)).isEqualTo(0x123);

        UprightImage colours = decoder.decode(TiffFile.page(1, 1, 1, data)
                .tag(258, 12, 12, 12)
                .tag(262, 2)
                .tag(277, 3)
                .bytes());
        assertThat(stored(colours, ChannelOrder.BGR).values()).containsExactly(0x001, 0xFFF, 0x123);
        assertThat(stored(colours, ChannelOrder.GRAY).values()[0])
                .isCloseTo(0.299f * 0x123 + 0.587f * 0xFFF + 0.114f * 0x001, within(1e-3f));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 7, 9, 12, 15})
    void everyValueOfPackedSamplesComesBack(int bits) {
        int values = 1 << bits;
        BigInteger packed = BigInteger.ONE; // Keeps the zeros at the begin.
        for (int value = 0; value < values; value++) {
            packed = packed.shiftLeft(bits).or(BigInteger.valueOf(value));
        }
        byte[] data = packed.shiftLeft((8 - values * bits % 8) % 8).toByteArray();
        byte[] row = Arrays.copyOfRange(data, data.length - (values * bits + 7) / 8, data.length);

        UprightImage image =
                decoder.decode(TiffFile.page(values, 1, 1, row).tag(258, bits).bytes());

        float[] read = stored(image, ChannelOrder.GRAY).values();
        for (int value = 0; value < values; value++) {
            assertThat(read[value]).isEqualTo(value);
        }
    }

    /** tifffile gives the values of such a page as they are. */
    @Test
    void valuesStayWhereWhiteIsZero() {
        UprightImage eight = decoder.decode(TiffFile.page(3, 1, 1, new byte[] {0, 1, (byte) 255})
                .tag(262, 0)
                .bytes());
        assertThat(stored(eight, ChannelOrder.GRAY).values()).containsExactly(0, 1, 255);
        assertThat(eight.sample(0, 0, 0)).as("white").isEqualTo(255);

        UprightImage sixteen =
                decoder.decode(TiffFile.page(3, 1, 1, new byte[] {0, 0, (byte) 0xE0, 0x2E, (byte) 0xFF, (byte) 0xFF})
                        .tag(258, 16)
                        .tag(262, 0)
                        .tag(274, 2)
                        .bytes());
        assertThat(stored(sixteen, ChannelOrder.GRAY).values()).as("mirrored").containsExactly(65_535, 12_000, 0);
    }

    /** As numpy.load(...).astype("float32"). */
    @Test
    void truthValuesAreZeroAndOne() {
        UprightImage image = decoder.decode(npy("|b1", "(1, 2)", new byte[] {1, 0}));

        assertThat(stored(image, ChannelOrder.GRAY).values()).containsExactly(1, 0);
        assertThat(image.sample(0, 0, 0)).isEqualTo(255);
    }

    @Test
    void aNumberBeyondThoseOf32BitsIsRefused() {
        ByteBuffer large =
                ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putDouble(1e300);

        assertThatThrownBy(() -> decoder.decode(npy("<f8", "(1, 2)", large.array())))
                .hasMessageContaining("beyond 3.4e38");
    }

    private static byte[] npy(String type, String shape, byte[] data) {
        String header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
        byte[] text = header.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
        byte[] file = new byte[10 + text.length + data.length];
        byte[] start = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (byte) text.length, 0};
        System.arraycopy(start, 0, file, 0, start.length);
        System.arraycopy(text, 0, file, 10, text.length);
        System.arraycopy(data, 0, file, 10 + text.length, data.length);
        return file;
    }

    private static byte[] bytes(String name) throws IOException {
        return Files.readAllBytes(FILES.resolve(name));
    }
}
