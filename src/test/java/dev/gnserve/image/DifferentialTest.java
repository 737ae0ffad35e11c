package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every variant of every format against independent decoders: Pillow, tifffile, libwebp, NumPy. {@code pictures/make.py} made the
 * files, and what is expected of each.
 */
class DifferentialTest {

    private static final ImageDecoder DECODER = new ImageDecoder(ImageLimits.DEFAULT);
    private static final Map<String, byte[]> ARCHIVE = archive();

    /**
     * What must become of a file.
     *
     * @param page that is wanted
     * @param pages of the file
     * @param bound greatest difference of a sample, where the format leaves the decoder a choice
     * @param pixels width and height of 16 bits, channels and bits of 8 bits each, then the samples; empty for a file that is refused
     * @param words of the sentence that refuses it
     */
    record Variant(String name, ByteBuffer file, int page, int pages, int bound, ByteBuffer pixels, String words) {

        static Variant parse(String line) {
            String[] columns = line.split("\t", -1);
            return new Variant(
                    columns[0],
                    data(columns[1], columns[2]),
                    Integer.parseInt(columns[3]),
                    Integer.parseInt(columns[4]),
                    Integer.parseInt(columns[5]),
                    data(columns[6], columns[7]),
                    columns[8]);
        }

        boolean isRefused() {
            return !words.isEmpty();
        }

        UprightImage decoded() {
            byte[] bytes = new byte[file.remaining()];
            file.duplicate().get(bytes);
            return DECODER.decode(bytes, page, Cancellation.NEVER);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Variant> read() {
        return variants().filter(variant -> !variant.isRefused());
    }

    static Stream<Variant> refused() {
        return variants().filter(Variant::isRefused);
    }

    @ParameterizedTest
    @MethodSource("read")
    void equalsAnIndependentDecoder(Variant variant) {
        ByteBuffer expected = variant.pixels().duplicate();
        int width = expected.getShort();
        int height = expected.getShort();
        int channels = expected.get();
        int bits = expected.get();

        UprightImage image = variant.decoded();

        assertThat(image.width()).isEqualTo(width);
        assertThat(image.height()).isEqualTo(height);
        assertThat(image.bitDepth()).isEqualTo(bits);
        assertThat(image.page())
                .isEqualTo(variant.pages() == 1 ? null : new PageNumber(variant.page(), variant.pages()));
        List<String> differences = new ArrayList<>();
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                for (int c = 0; c < channels; c++) {
                    float wanted = next(expected, bits);
                    float found = sample(image, x, y, Math.min(c, image.channels() - 1));
                    if (!(Math.abs(wanted - found) <= variant.bound())) {
                        differences.add("(%d, %d) channel %d: %s, not %s".formatted(x, y, c, found, wanted));
                    }
                }
            }
        }
        assertThat(differences).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("refused")
    void isRefusedWithTheProperty(Variant variant) {
        try {
            UprightImage image = variant.decoded();
            throw new AssertionError("was read as " + image);
        } catch (FailureException e) {
            assertThat(e.failure().detail()).contains(variant.words()).doesNotContain("corrupt");
        }
    }

    private static float next(ByteBuffer pixels, int bits) {
        return switch (bits) {
            case 8 -> pixels.get() & 0xFF;
            case 16 -> pixels.getShort() & 0xFFFF;
            default -> pixels.getFloat();
        };
    }

    private static float sample(UprightImage image, int x, int y, int channel) {
        return image.bitDepth() == 32 ? image.number(x, y, channel) : image.sample(x, y, channel);
    }

    private static Stream<Variant> variants() {
        return new String(entry("index.tsv"), StandardCharsets.UTF_8).lines().map(Variant::parse);
    }

    private static ByteBuffer data(String at, String length) {
        return ByteBuffer.wrap(entry("data"), Integer.parseInt(at), Integer.parseInt(length))
                .slice();
    }

    private static byte[] entry(String name) {
        return Objects.requireNonNull(ARCHIVE.get(name), name);
    }

    private static Map<String, byte[]> archive() {
        Map<String, byte[]> entries = new HashMap<>();
        try (InputStream file = DifferentialTest.class.getResourceAsStream("/pictures/pictures.zip");
                ZipInputStream zip = new ZipInputStream(Objects.requireNonNull(file))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                entries.put(entry.getName(), zip.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return entries;
    }
}
