package dev.gnserve.image;

import static dev.gnserve.image.Pictures.black;
import static dev.gnserve.image.Pictures.chunk;
import static dev.gnserve.image.Pictures.deflated;
import static dev.gnserve.image.Pictures.filled;
import static dev.gnserve.image.Pictures.grayJpeg;
import static dev.gnserve.image.Pictures.insert;
import static dev.gnserve.image.Pictures.lossless;
import static dev.gnserve.image.Pictures.manyScans;
import static dev.gnserve.image.Pictures.progressiveJpeg;
import static dev.gnserve.image.Pictures.repeat;
import static dev.gnserve.image.Pictures.resized;
import static dev.gnserve.image.Pictures.webp;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.sun.management.ThreadMXBean;
import dev.gnserve.badinput.HostileImages;
import dev.gnserve.badinput.TiffFile;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.awt.image.BufferedImage;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Decoding takes memory and time in proportion to the pixels, and it is known before how much memory. */
class DecodeCostTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Beside copies of the file: what a refusal takes, measured below 1 MB. */
    private static final long LITTLE = 2_000_000;

    private static final int OLD_JPEG = 6;
    private static final int JPEG = 7;
    private static final int DEFLATE = 8;
    private static final int LZW = 5;
    private static final int PACK_BITS = 32_773;

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    /** Whole files that would take more than their pixels are worth, or that are not read. */
    static Stream<Arguments> costly() {
        byte[] small = grayJpeg(64, 64);
        byte[] row = deflated(new byte[4000]);
        byte[] pixels = new byte[64 * 64];
        return Stream.of(
                arguments(
                        "tiff: a JPEG of 60,000 x 60,000 in a page of 64 x 64",
                        jpegPage(64, 64, resized(small, 60_000, 60_000)).bytes(),
                        "has 60000 x 60000 pixels where the page has 64 x 64"),
                arguments(
                        "tiff: a JPEG of 8000 x 8000 in a page of 64 x 64",
                        jpegPage(64, 64, resized(small, 8000, 8000)).bytes(),
                        "has 8000 x 8000 pixels where the page has 64 x 64"),
                arguments(
                        "BigTIFF: a JPEG of 8000 x 8000 in a page of 64 x 64",
                        jpegPage(64, 64, resized(small, 8000, 8000)).big().bytes(),
                        "has 8000 x 8000 pixels where the page has 64 x 64"),
                arguments(
                        "tiff: a JPEG of 50,000 x 50,000 in the old style",
                        TiffFile.page(64, 64, OLD_JPEG, resized(small, 50_000, 50_000))
                                .tag(513, TiffFile.DATA)
                                .tag(514, small.length)
                                .bytes(),
                        "has 50000 x 50000 pixels where the page has 64 x 64"),
                arguments(
                        "tiff: tables of the old style",
                        TiffFile.page(8000, 8000, OLD_JPEG, new byte[2000])
                                .tag(519, TiffFile.DATA)
                                .bytes(),
                        "old style without a whole JPEG file"),
                arguments(
                        "tiff: a JPEG of 2000 scans",
                        jpegPage(200, 200, manyScans(progressiveJpeg(200, 200), 2000))
                                .bytes(),
                        "more than 100 scans of 200 x 200 pixels"),
                arguments(
                        "tiff: a JPEG of 64 x 64 for every 8 rows",
                        jpegPage(64, 512, small).sameStrips(64, 8).bytes(),
                        "has 64 x 64 pixels where the page has 64 x 8"),
                arguments(
                        "tiff: a JPEG for every row",
                        jpegPage(4000, 4000, small).sameStrips(4000, 1).bytes(),
                        "JPEG strips or tiles of 4000 x 1"),
                arguments(
                        "tiff: one JPEG with a long comment for all strips",
                        jpegPage(400, 16_000, insert(grayJpeg(400, 8), 2, comment(60_000)))
                                .sameStrips(2000, 8)
                                .bytes(),
                        "share bytes"),
                arguments(
                        "tiff: LZW that begins again and again, for all strips",
                        TiffFile.page(2000, 2000, LZW, repeat(clearCodes(), 3000))
                                .sameStrips(2000, 1)
                                .bytes(),
                        "share bytes"),
                arguments(
                        "tiff: PackBits of nothing, for all strips",
                        TiffFile.page(2000, 2000, PACK_BITS, filled(100_000, 0x80))
                                .sameStrips(2000, 1)
                                .bytes(),
                        "share bytes"),
                arguments(
                        "tiff: planes of YCbCr in many strips",
                        TiffFile.page(4000, 4000, DEFLATE, row)
                                .sameStrips(12_000, 1)
                                .tag(258, 8, 8, 8)
                                .tag(262, 6)
                                .tag(277, 3)
                                .tag(284, 2)
                                .bytes(),
                        "in planes"),
                arguments(
                        "tiff: a strip for each of 32,768 pixels",
                        TiffFile.page(1, 32_768, DEFLATE, deflated(new byte[1]))
                                .sameStrips(32_768, 1)
                                .bytes(),
                        "32768 strips or tiles for 1 x 32768 pixels"),
                arguments(
                        "tiff: a tile of 8192 x 7808 for 64 x 64 pixels",
                        TiffFile.page(64, 64, DEFLATE, row).oneTile(8192, 7808).bytes(),
                        "tiles of 8192 x 7808 pixels are far larger than its 64 x 64 pixels"),
                arguments(
                        "tiff: 65,535 samples per pixel",
                        TiffFile.page(64, 64, 1, pixels).tag(277, 65_535).bytes(),
                        "65535 samples per pixel"),
                arguments(
                        "tiff: 64 bits",
                        TiffFile.page(64, 64, 1, pixels).tag(258, 64).bytes(),
                        "unsigned integers of 64 bits"),
                arguments(
                        "tiff: floating point of 24 bits",
                        TiffFile.page(32, 32, 1, pixels)
                                .tag(258, 24)
                                .tag(339, 3)
                                .bytes(),
                        "floating-point numbers of 24 bits"),
                arguments("tiff: ZSTD", TiffFile.page(64, 64, 50_000, pixels).bytes(), "compression ZSTD"),
                arguments(
                        "tiff: JPEG 2000", TiffFile.page(64, 64, 33_005, pixels).bytes(), "compression JPEG 2000"),
                arguments(
                        "tiff: another compression",
                        TiffFile.page(64, 64, 12_345, pixels).bytes(),
                        "compression number 12345"),
                arguments("jpeg: 1000 scans", manyScans(progressiveJpeg(64, 64), 1000), "more than 100 scans"),
                arguments(
                        "jpeg: 60 scans of 64 megapixels",
                        manyScans(resized(insert(progressiveJpeg(64, 64), 2, comment(60_000, 3)), 8000, 8000), 60),
                        "more than 25 scans of 8000 x 8000 pixels"),
                arguments("jpeg: its height after its scan", resized(small, 64, 0), "no height"),
                arguments("jpeg: lossless process", process(small, 0xC3), "lossless JPEG"),
                arguments("bmp: a JPEG in it", bmp(4, 0, resized(small, 60_000, 60_000)), "compression JPEG"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("costly")
    void aWholeFileThatWouldCostTooMuchIsRefusedForLittle(String kind, byte[] bytes, String reason) {
        long before = allocated();

        FailureException refusal = catchThrowableOfType(FailureException.class, () -> decoder.decode(bytes));

        long taken = allocated() - before;
        assertThat(refusal).isNotNull();
        assertThat(refusal.failure().code()).isEqualTo(FailureCode.IMAGE_UNDECODABLE);
        assertThat(refusal.failure().detail())
                .contains("is not supported", reason)
                .doesNotContain("corrupt");
        assertThat(taken).isLessThan(LITTLE + 4L * bytes.length);
    }

    /** Files with much beside their pixels. */
    static Stream<Arguments> padded() {
        byte[] png = black("png", 64, 64, BufferedImage.TYPE_BYTE_GRAY);
        byte[] gif = black("gif", 64, 64, BufferedImage.TYPE_BYTE_INDEXED);
        byte[] jpeg = grayJpeg(64, 64);
        int gifFrame = 13 + (3 << ((gif[10] & 7) + 1));
        return Stream.of(
                arguments("png: 100,000 chunks of data without data", insert(png, 33, repeat(emptyData(), 100_000))),
                arguments(
                        "gif: a comment of 3 MB",
                        insert(
                                gif,
                                gifFrame,
                                Stream.of(1)
                                        .map(one -> insert(
                                                repeat(insert(filled(255, 'a'), 0, new byte[] {-1}), 12_000),
                                                0,
                                                new byte[] {'!', -2}))
                                        .map(comment -> insert(comment, comment.length, new byte[1]))
                                        .findFirst()
                                        .orElseThrow())),
                arguments("jpeg: 20,000 comments", insert(jpeg, 2, comment(2, 20_000))),
                arguments("jpeg: a megabyte before a marker", insert(jpeg, 2, filled(1_000_000, 0xFF))),
                arguments(
                        "tiff: a colour profile of a megabyte",
                        TiffFile.page(64, 64, 1, new byte[1_000_000])
                                .tag(34_675, TiffFile.DATA)
                                .bytes()),
                arguments(
                        "webp: 500 pictures in one file",
                        webp(
                                chunk("VP8X", new byte[] {0, 0, 0, 0, 63, 0, 0, 63, 0, 0}),
                                repeat(lossless(64, 64), 500))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("padded")
    void whatMakesNoPixelsCostsLittle(String kind, byte[] bytes) {
        decoder.decode(bytes);
        long before = allocated();

        assertThat(decoder.decode(bytes).width()).isEqualTo(64);

        assertThat(allocated() - before).isLessThan(LITTLE + 4L * bytes.length);
    }

    /** A picture of 1000 x 1000 per decoder. */
    static Stream<Arguments> decoders() {
        int side = 1000;
        byte[] gray = new byte[side * side];
        return Stream.of(
                arguments("jpeg, gray", grayJpeg(side, side)),
                arguments("jpeg, colour", black("jpeg", side, side, BufferedImage.TYPE_INT_RGB)),
                arguments("jpeg, progressive", progressiveJpeg(side, side)),
                arguments("png, 1 bit", black("png", side, side, BufferedImage.TYPE_BYTE_BINARY)),
                arguments("png, gray", black("png", side, side, BufferedImage.TYPE_BYTE_GRAY)),
                arguments("png, 16 bits", black("png", side, side, BufferedImage.TYPE_USHORT_GRAY)),
                arguments("png, palette", black("png", side, side, BufferedImage.TYPE_BYTE_INDEXED)),
                arguments("png, colour", black("png", side, side, BufferedImage.TYPE_INT_RGB)),
                arguments("gif", black("gif", side, side, BufferedImage.TYPE_BYTE_INDEXED)),
                arguments("bmp, palette", black("bmp", side, side, BufferedImage.TYPE_BYTE_INDEXED)),
                arguments("bmp, colour", black("bmp", side, side, BufferedImage.TYPE_3BYTE_BGR)),
                arguments("bmp, 16 bits", black("bmp", side, side, BufferedImage.TYPE_USHORT_555_RGB)),
                arguments("tiff, gray", TiffFile.page(side, side, 1, gray).bytes()),
                arguments(
                        "tiff, deflate",
                        TiffFile.page(side, side, DEFLATE, deflated(gray)).bytes()),
                arguments(
                        "tiff, floating point",
                        TiffFile.page(side, side, 1, new byte[4 * side * side])
                                .tag(258, 32)
                                .tag(339, 3)
                                .bytes()),
                arguments("tiff, fax", fax(side)),
                arguments(
                        "tiff, jpeg", jpegPage(side, side, grayJpeg(side, side)).bytes()),
                arguments("webp, lossless", webp(lossless(side, side))),
                arguments("webp, lossless with transforms", webp(lossless(side, side, 0, 1, 2, 3))));
    }

    /** White, which is a bit for each row: the row is as the one above. */
    private static byte[] fax(int side) {
        byte[] rows = new byte[side / 8];
        Arrays.fill(rows, (byte) 0xFF);
        return TiffFile.page(side, side, 4, rows).tag(258, 1).tag(262, 0).bytes();
    }

    /** The sum of all objects, of which at most as many are in use at the same time. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("decoders")
    void theCostCoversWhatIsAllocated(String kind, byte[] bytes) {
        decoder.decode(bytes);
        DecodeCost cost = decoder.cost(bytes, 1);
        long before = allocated();

        decoder.decode(bytes);

        assertThat(allocated() - before).isLessThan(cost.heapBytes());
        assertThat(cost.pixels()).isEqualTo(1_000_000);
        assertThat(cost.heapBytes()).isLessThan(15_000_000 + 2L * bytes.length);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("decoders")
    void decodingEndsWhenItIsCancelled(String kind, byte[] bytes) {
        AtomicInteger asked = new AtomicInteger();
        decoder.decode(bytes, 1, asked::incrementAndGet);
        assertThat(asked).hasValueGreaterThan(1);
        CancellationException gone = new CancellationException("the client left");
        int last = asked.get();
        asked.set(0);

        assertThatThrownBy(() -> decoder.decode(bytes, 1, () -> {
                    if (asked.incrementAndGet() >= last) {
                        throw gone;
                    }
                }))
                .isSameAs(gone);
    }

    @Test
    void coefficientsOfSeveralScansAreOutsideTheHeap() {
        assertThat(decoder.cost(grayJpeg(1024, 1024), 1).nativeBytes()).isLessThan(5_000_000);
        assertThat(decoder.cost(progressiveJpeg(1024, 1024), 1).nativeBytes()).isBetween(2L << 20, 7_000_000L);
    }

    @Test
    void aTransformThatComesTwiceIsNotUndoneTwice() {
        byte[] webp = webp(lossless(4000, 4000, 2, 2, 2, 2));

        assertThatThrownBy(() -> decoder.decode(webp)).hasMessageContaining("two transforms of the same kind");
    }

    @Test
    void aFileThatIsRefusedCostsNoPixels() {
        assertThat(decoder.cost(new byte[100], 1).bytes()).isLessThan(LITTLE + 1000);
        assertThat(decoder.cost(resized(grayJpeg(64, 64), 60_000, 60_000), 1).bytes())
                .isLessThan(LITTLE + 10_000);
    }

    private static TiffFile jpegPage(int width, int height, byte[] jpeg) {
        return TiffFile.page(width, height, JPEG, jpeg);
    }

    private static byte[] comment(int length) {
        return comment(length, 1);
    }

    private static byte[] comment(int length, int times) {
        byte[] one = new byte[2 + length];
        ByteBuffer.wrap(one).putShort((short) 0xFFFE).putShort((short) length);
        return repeat(one, times);
    }

    /** Eight codes of nine bits that tell an LZW decoder to begin again. */
    private static byte[] clearCodes() {
        return new byte[] {(byte) 0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01, 0x00};
    }

    private static byte[] emptyData() {
        CRC32 crc = new CRC32();
        byte[] type = {'I', 'D', 'A', 'T'};
        crc.update(type);
        return ByteBuffer.allocate(12)
                .putInt(0)
                .put(type)
                .putInt((int) crc.getValue())
                .array();
    }

    private static byte[] process(byte[] jpeg, int marker) {
        byte[] other = jpeg.clone();
        other[Pictures.find(jpeg, 0xC0) + 1] = (byte) marker;
        return other;
    }

    /** A bitmap of 64 x 64. */
    private static byte[] bmp(int compression, int bits, byte[] data) {
        byte[] bmp = HostileImages.bmp(64, 64);
        ByteBuffer header = ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN);
        header.putShort(28, (short) bits).putInt(30, compression).putInt(34, data.length);
        return insert(bmp, bmp.length, data);
    }

    private static long allocated() {
        return THREADS.getCurrentThreadAllocatedBytes();
    }
}
