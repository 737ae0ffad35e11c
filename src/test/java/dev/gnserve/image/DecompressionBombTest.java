package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.Bounds;
import dev.gnserve.badinput.HostileImages;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Small files that could become much: read or refused, they take little heap and no minutes. */
class DecompressionBombTest {

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    @Test
    void whatMakesNoPixelsIsNotInflated() {
        for (byte[] png : new byte[][] {
            HostileImages.pngWithBombIn("zTXt"),
            HostileImages.pngWithBombIn("iCCP"),
            HostileImages.pngWithBombIn("iTXt"),
            HostileImages.pngWithTooMuchData()
        }) {
            Bounds.hold(() -> assertThat(decoder.decode(png).width()).isEqualTo(8));
        }
        Bounds.hold(() ->
                assertThat(decoder.decode(HostileImages.tiffWithBomb()).width()).isEqualTo(16));
        Bounds.hold(() -> assertThat(
                        decoder.decode(HostileImages.gif(1, 1, 0, 0, 60_000)).width())
                .isOne());
    }

    @Test
    void whatIsDeclaredTakesNoMemory() {
        for (byte[] bytes : new byte[][] {
            HostileImages.gif(65_535, 65_535, 0, 0, 1),
            HostileImages.gif(1, 1, 60_000, 60_000, 1),
            HostileImages.png(1, 100_000, 200_000),
            HostileImages.png(Integer.MAX_VALUE, Integer.MAX_VALUE, 0),
            HostileImages.bmp(Integer.MAX_VALUE, Integer.MIN_VALUE),
            HostileImages.hugeJpeg(),
            HostileImages.tiff(Map.of(256, new long[] {1, 65_536}, 257, new long[] {1, 32_768}), new byte[256])
        }) {
            Bounds.hold(() -> assertThat(code(bytes)).isEqualTo(FailureCode.IMAGE_TOO_LARGE));
        }
        for (byte[] bytes : new byte[][] {
            HostileImages.webpWithGroupsOfCodes(),
            HostileImages.gifWithEndlessComment(),
            HostileImages.tiff(Map.of(273, new long[] {Integer.MAX_VALUE, 8}), new byte[256]),
            HostileImages.tiff(Map.of(322, new long[] {1, 65_536}, 323, new long[] {1, 65_536}), new byte[256])
        }) {
            Bounds.hold(() -> assertThat(code(bytes)).isEqualTo(FailureCode.IMAGE_UNDECODABLE));
        }
    }

    /** Each of 250 tags is the same 300 kB: 75 MB of numbers, which decoders make 700 MB of objects of. */
    @Test
    void valuesThatLieOnEachOtherAreNotReadOverAndOver() {
        byte[] tiff = HostileImages.tiffWithOverlappingValues();
        byte[] png = HostileImages.pngWithExif(tiff);

        Bounds.hold(() -> {
            assertThat(decoder.decode(tiff).width()).isEqualTo(16);
            assertThat(decoder.decode(png).width()).isEqualTo(8);
        });
    }

    @Test
    void directoriesByTheMillionAreNotFollowed() {
        ByteBuffer offsets = ByteBuffer.wrap(new byte[4_000_000]).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; offsets.hasRemaining(); i++) {
            offsets.putInt(512 + 2 * i);
        }
        byte[] tiff = HostileImages.tiff(Map.of(330, new long[] {1_000_000, 512}), offsets.array());

        Bounds.hold(() -> assertThat(decoder.decode(tiff).width()).isEqualTo(16));
    }

    /** As microscopes write them. */
    @Test
    void aStackOfThousandPagesIsRead() {
        byte[] page = HostileImages.tiff(Map.of(), new byte[256]);
        int directory = 10 + 12 * 9;
        ByteBuffer stack = ByteBuffer.wrap(new byte[page.length + 1000 * 114]).order(ByteOrder.LITTLE_ENDIAN);
        stack.put(page).putInt(directory, page.length);
        for (int i = 1; i <= 1000; i++) {
            stack.put(page, 8, 110).putInt(i == 1000 ? 0 : page.length + i * 114);
        }

        assertThat(decoder.decode(stack.array()).width()).isEqualTo(16);
    }

    private FailureCode code(byte[] bytes) {
        return catchThrowableOfType(FailureException.class, () -> decoder.decode(bytes))
                .failure()
                .code();
    }
}
