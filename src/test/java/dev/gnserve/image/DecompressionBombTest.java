package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.Bounds;
import dev.gnserve.badinput.HostileImages;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
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

    /** Each of 3,000 texts inflates to 256 kB and is searched for an orientation. */
    @Test
    void textsThatMayHoldAnOrientationAreFew() {
        for (String chunk : new String[] {"zTXt", "iTXt"}) {
            byte[] png = HostileImages.pngWithTexts(chunk, 3000);
            Bounds.hold(() -> assertThat(code(png)).isEqualTo(FailureCode.IMAGE_UNDECODABLE));
            assertThat(decoder.decode(HostileImages.pngWithTexts(chunk, 16)).width())
                    .isEqualTo(8);
        }
    }

    /** Each of 1,024 strips of 8 x 8 pixels needs the tables again. */
    @Test
    void tablesOfJpegInTiffAreSmall() {
        byte[] data = new byte[3_000_000];
        ByteBuffer offsets = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < 1024; i++) {
            offsets.putInt(4 * i, 512 + 8192).putInt(4096 + 4 * i, 100);
        }
        byte[] tiff = HostileImages.tiff(
                Map.of(
                        256, new long[] {1, 256},
                        257, new long[] {1, 256},
                        259, new long[] {1, 7},
                        273, new long[] {1024, 512},
                        278, new long[] {1, 8},
                        279, new long[] {1024, 512 + 4096},
                        347, new long[] {700_000, 512}),
                data);

        Bounds.hold(() -> assertThat(catchThrowableOfType(FailureException.class, () -> decoder.decode(tiff))
                        .failure()
                        .detail())
                .contains("its JPEG tables have 2,800,000 bytes, allowed is 16,384"));
    }

    @Test
    void aHeaderOfNumpyIsShort() {
        for (int length : new int[] {20_000, 30_000_000}) {
            ByteBuffer npy = ByteBuffer.allocate(12 + length).order(ByteOrder.LITTLE_ENDIAN);
            npy.put((byte) 0x93)
                    .put("NUMPY".getBytes(StandardCharsets.US_ASCII))
                    .put(new byte[] {2, 0});
            npy.putInt(length)
                    .put("{'descr': '<f4', 'fortran_order': False, 'shape': (".getBytes(StandardCharsets.US_ASCII));
            while (npy.remaining() > 10) {
                npy.put((byte) '1').put((byte) ',');
            }
            npy.put("), }".getBytes(StandardCharsets.US_ASCII));
            Bounds.hold(() -> {
                FailureException refused =
                        catchThrowableOfType(FailureException.class, () -> decoder.decode(npy.array()));
                assertThat(refused.failure().detail())
                        .contains("its header has %,d bytes, allowed is 10,000".formatted(length))
                        .hasSizeLessThan(300);
            });
        }
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
