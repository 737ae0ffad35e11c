package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.Bounds;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    /** Against what Pillow reads from the same file (golden/images/make.py). */
    @ParameterizedTest
    @CsvSource({
        "rgb.jpg, 0",
        "rgb-422.jpg, 0",
        "rgb-444.jpg, 0",
        "progressive.jpg, 0",
        "gray.jpg, 0",
        "restarts.jpg, 0",
        "stored-as-rgb.jpg, 0",
        "without-jfif.jpg, 0",
        "cmyk.jpg, 0",
        "ycck.jpg, 0",
        "exif-1.jpg, 0",
        "exif-2.jpg, 0",
        "exif-3.jpg, 0",
        "exif-4.jpg, 0",
        "exif-5.jpg, 0",
        "exif-6.jpg, 0",
        "exif-7.jpg, 0",
        "exif-8.jpg, 0",
        "exif-6.png, 0",
        "exif-6.webp, 0",
        "exif-6.tif, 0",
        "gray1.png, 0",
        "gray2.png, 0",
        "gray4.png, 0",
        "gray.png, 0",
        "gray-alpha.png, 0",
        "rgb.png, 0",
        "rgb-alpha.png, 0",
        "rgb-interlaced.png, 0",
        "one-pixel-interlaced.png, 0",
        "narrow-interlaced.png, 0",
        "palette1.png, 0",
        "palette2.png, 0",
        "palette4.png, 0",
        "palette8.png, 0",
        "palette1-interlaced.png, 0",
        "palette2-interlaced.png, 0",
        "palette4-interlaced.png, 0",
        "palette8-interlaced.png, 0",
        "lossless.webp, 0",
        "predicted.webp, 0",
        "indexed.webp, 0",
        "lossy.webp, 0",
        "alpha-lossy.webp, 0",
        "lossy-0-50.webp, 0",
        "lossy-0-95.webp, 0",
        "lossy-1-20.webp, 0",
        "lossy-4-0.webp, 0",
        "lossy-4-50.webp, 0",
        "lossy-6-100.webp, 0",
        "alpha-lossless.webp, 0",
        "animated.webp, 0",
        "bilevel.tif, 0",
        "packbits.tif, 0",
        "lzw.tif, 0",
        "jpeg.tif, 0",
        "big.tif, 0",
        "cmyk.tif, 0",
        "big-exif-6.tif, 0",
        "jpeg-cmyk.tif, 0",
        "palette.tif, 0",
        "alpha.tif, 0",
        "fax3.tif, 0",
        "pages.tif, 0",
        "palette.gif, 0",
        "animated.gif, 0",
        "rgb.bmp, 0",
        "alpha.bmp, 0",
        "palette.bmp, 0",
        "gray.bmp, 0",
    })
    void equalsPillow(String name, int tolerance) {
        UprightImage image = decoder.decode(Golden.image(name));
        UprightImage expected = decoder.decode(Golden.image("expected/" + name + ".png"));

        assertThat(image.width()).isEqualTo(expected.width());
        assertThat(image.height()).isEqualTo(expected.height());
        assertThat(image.bitDepth()).isEqualTo(8);
        assertThat(greatestDifference(image, expected)).isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gray16.png", "gray16-interlaced.png", "gray16.tif"})
    void sixteenBitsAreKept(String name) {
        UprightImage image = decoder.decode(Golden.image(name));
        UprightImage gray = decoder.decode(Golden.image("gray.png"));

        assertThat(image.bitDepth()).isEqualTo(16);
        assertThat(image.channels()).isOne();
        for (int y = 0; y < gray.height(); y++) {
            for (int x = 0; x < gray.width(); x++) {
                assertThat(image.sample(x, y, 0)).isEqualTo(gray.sample(x, y, 0) * 257 - 7 * (x % 5));
            }
        }
    }

    @Test
    void sixteenBitColoursAreKept() {
        UprightImage image = decoder.decode(Golden.image("rgb16.png"));
        UprightImage rgb = decoder.decode(Golden.image("rgb.png"));

        assertThat(image.bitDepth()).isEqualTo(16);
        for (int c = 0; c < 3; c++) {
            assertThat(image.sample(11, 7, c)).isEqualTo(rgb.sample(11, 7, c) * 256 + 91);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "gif", "tiff"})
    void whatOtherWritersMakeKeepsEverySample(String format) throws IOException {
        BufferedImage picture = picture(37, 23);

        UprightImage image = decoder.decode(write(picture, format));

        for (int y = 0; y < 23; y++) {
            for (int x = 0; x < 37; x++) {
                int rgb = picture.getRGB(x, y);
                assertThat(image.sample(x, y, 0)).isEqualTo(rgb >> 16 & 0xFF);
                assertThat(image.sample(x, y, 1)).isEqualTo(rgb >> 8 & 0xFF);
                assertThat(image.sample(x, y, 2)).isEqualTo(rgb & 0xFF);
            }
        }
    }

    @Test
    void aFrameSmallerThanItsScreenLiesWhereItBelongs() {
        byte[] gif = Golden.image("palette.gif");
        ByteBuffer header = ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN);
        header.putShort(6, (short) 40).putShort(8, (short) 30);
        int frame = 13 + (3 << ((gif[10] & 7) + 1));
        while (gif[frame] != 0x2C) {
            frame++;
        }
        header.putShort(frame + 1, (short) 5).putShort(frame + 3, (short) 7);
        UprightImage alone = decoder.decode(Golden.image("palette.gif"));

        UprightImage screen = decoder.decode(gif);

        assertThat(screen.width()).isEqualTo(40);
        assertThat(screen.height()).isEqualTo(30);
        assertThat(screen.sample(4, 7, 0)).isZero();
        assertThat(screen.sample(5 + 9, 7 + 8, 0)).isEqualTo(alone.sample(9, 8, 0));
    }

    @Test
    void textIsNoImage() {
        assertThat(failure("BMW builds cars".getBytes(StandardCharsets.UTF_8)).code())
                .isEqualTo(FailureCode.UNSUPPORTED_MEDIA);
        assertThat(failure("<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8))
                        .code())
                .isEqualTo(FailureCode.UNSUPPORTED_MEDIA);
        assertThat(failure(new byte[0]).code()).isEqualTo(FailureCode.UNSUPPORTED_MEDIA);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "rgb.png", "palette4.png", "rgb-interlaced.png",
                "gray16.png", "rgb.bmp", "palette.bmp", "palette.gif", "lossy.webp", "lossless.webp", "lzw.tif",
                "jpeg.tif", "packbits.tif"
            })
    void truncationIsRefused(String name) {
        byte[] whole = Golden.image(name);

        for (int percent : new int[] {1, 5, 20, 40, 60, 80, 90, 95}) {
            byte[] part = Arrays.copyOf(whole, Math.max(16, whole.length * percent / 100));
            Failure failure = failure(part);
            assertThat(failure.code()).as("%d %%", percent).isEqualTo(FailureCode.IMAGE_UNDECODABLE);
            assertThat(failure.detail()).as("%d %%", percent).doesNotContain("java.", "javax.", "Exception");
        }
    }

    @Test
    void aTruncatedJpegThatEndsProperlyIsRefused() {
        byte[] whole = Golden.image("rgb.jpg");
        byte[] part = Arrays.copyOf(whole, whole.length - 60);
        part[part.length - 2] = (byte) 0xFF;
        part[part.length - 1] = (byte) 0xD9;

        assertThat(failure(part).detail()).contains("Corrupt JPEG data");
    }

    @Test
    void bytesBehindTheEndOfAJpegDoNoHarm() {
        byte[] whole = Golden.image("rgb.jpg");

        UprightImage image = decoder.decode(Arrays.copyOf(whole, whole.length + 1000));

        assertThat(greatestDifference(image, decoder.decode(whole))).isZero();
    }

    @Test
    void anAlteredPngIsRefused() {
        byte[] png = Golden.image("rgb.png");
        png[png.length / 2] ^= 4;

        assertThat(failure(png).detail()).contains("checksum");
    }

    @Test
    void aHeaderBeyondTheLimitsIsRefusedBeforeDecoding() {
        byte[] png = Golden.image("rgb.png");
        ByteBuffer.wrap(png).putInt(16, 50_000).putInt(20, 50_000);
        byte[] jpeg = Golden.image("rgb.jpg");
        int frame = indexOf(jpeg, 0xFF, 0xC0);
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 50_000).putShort(frame + 7, (short) 50_000);
        byte[] bmp = Golden.image("rgb.bmp");
        ByteBuffer.wrap(bmp).order(ByteOrder.LITTLE_ENDIAN).putInt(18, 50_000).putInt(22, 50_000);
        byte[] gif = Golden.image("palette.gif");
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) 50_000)
                .putShort(8, (short) 50_000);
        byte[] tiff = Golden.image("lzw.tif");
        byte[] webp = Golden.image("lossless.webp");
        ByteBuffer.wrap(webp).order(ByteOrder.LITTLE_ENDIAN).putInt(21, -1 >>> 4);
        setTag(tiff, 256, 50_000);
        setTag(tiff, 257, 50_000);

        for (byte[] bytes : new byte[][] {png, jpeg, bmp, gif, tiff, webp}) {
            Failure failure = failure(bytes);
            assertThat(failure.code()).as(failure.detail()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
            assertThat(failure.detail()).contains("64,000,000").containsAnyOf("50000 x 50000", "16384 x 16384");
        }
    }

    @Test
    void anImageAtTheLimitIsRead() {
        ImageDecoder small = new ImageDecoder(new ImageLimits(29 * 21, 29));
        ImageDecoder tooSmall = new ImageDecoder(new ImageLimits(29 * 21 - 1, 29));

        assertThat(small.decode(Golden.image("rgb.png")).width()).isEqualTo(29);
        assertThat(catchThrowableOfType(FailureException.class, () -> tooSmall.decode(Golden.image("rgb.png")))
                        .failure()
                        .code())
                .isEqualTo(FailureCode.IMAGE_TOO_LARGE);
    }

    @Test
    void aFewBytesThatDeclareManyPixelsTakeNoMemory() {
        byte[] png = Golden.image("rgb.png");
        ByteBuffer.wrap(png).putInt(16, 8_000).putInt(20, 8_000);
        CRC32 crc = new CRC32();
        crc.update(png, 12, 17);
        ByteBuffer.wrap(png).putInt(29, (int) crc.getValue());
        byte[] jpeg = Golden.image("rgb.jpg");
        int frame = indexOf(jpeg, 0xFF, 0xC0);
        ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 8_000).putShort(frame + 7, (short) 8_000);

        assertThat(failure(png).detail()).contains("cannot hold 8000 x 8000");
        assertThat(failure(jpeg).detail()).contains("cannot hold 8000 x 8000");
    }

    @Test
    void aFrameLargerThanItsCanvasIsHeldAgainstTheLimitsToo() {
        byte[] frame = Golden.image("lossy.webp");
        ByteBuffer webp = ByteBuffer.allocate(frame.length + 18).order(ByteOrder.LITTLE_ENDIAN);
        webp.put(frame, 0, 12)
                .put("VP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .put(new byte[10])
                .put(frame, 12, frame.length - 12)
                .putInt(4, frame.length + 10)
                .putShort(30 + 14, (short) 16_383)
                .putShort(30 + 16, (short) 16_383);

        assertThat(failure(webp.array()).code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
    }

    @Test
    void sizesBeyondThirtyTwoBitsAreToldAsTheyAre() {
        byte[] png = Golden.image("rgb.png");
        ByteBuffer.wrap(png).putInt(16, -1).putInt(20, -1);
        byte[] tiff = Golden.image("lzw.tif");
        setTag(tiff, 256, -1);
        setTag(tiff, 257, -1);

        for (byte[] bytes : new byte[][] {png, tiff}) {
            assertThat(failure(bytes).code()).isEqualTo(FailureCode.IMAGE_TOO_LARGE);
            assertThat(failure(bytes).detail()).contains("4294967295 x 4294967295 = 18,446,744,065,119,617,0");
        }
    }

    /** 34 bytes that declare 65,536 groups of codes: with zeros for what is missing, the decoder reads them for a minute. */
    @Test
    void aDecoderThatReadsOnBehindTheEndIsStopped() {
        byte[] webp =
                HexFormat.of().parseHex("524946461a00000057454250" + "5650384c0d0000002fffc17f0084fef7bf0005280000");
        Bounds.hold(() -> assertThat(failure(webp).detail()).contains("it ends before its pixels"));
    }

    @Test
    void aWebpWithoutImageDataIsRefused() {
        byte[] webp = Golden.image("alpha-lossy.webp");
        int chunk = new String(webp, StandardCharsets.ISO_8859_1).indexOf("VP8 ");
        webp[chunk + 2] = '9';

        assertThat(failure(webp).detail()).contains("no chunk of image data");
    }

    @Test
    void aJpegOfAThousandScansIsRefused() {
        byte[] jpeg = Golden.image("progressive.jpg");
        int lastScan = 0;
        for (int i = 0; i < jpeg.length - 1; i++) {
            lastScan = jpeg[i] == (byte) 0xFF && jpeg[i + 1] == (byte) 0xDA ? i : lastScan;
        }
        ByteArrayOutputStream many = new ByteArrayOutputStream();
        many.write(jpeg, 0, lastScan);
        for (int i = 0; i < 1000; i++) {
            many.write(jpeg, lastScan, jpeg.length - 2 - lastScan);
        }
        many.write(jpeg, jpeg.length - 2, 2);

        assertThat(failure(many.toByteArray()).detail()).contains("scans");
    }

    private Failure failure(byte[] bytes) {
        FailureException exception = catchThrowableOfType(FailureException.class, () -> decoder.decode(bytes));
        assertThat(exception).isNotNull();
        return exception.failure();
    }

    private static int greatestDifference(UprightImage a, UprightImage b) {
        int greatest = 0;
        for (int y = 0; y < a.height(); y++) {
            for (int x = 0; x < a.width(); x++) {
                for (int c = 0; c < 3; c++) {
                    int difference = a.sample(x, y, Math.min(c, a.channels() - 1))
                            - b.sample(x, y, Math.min(c, b.channels() - 1));
                    greatest = Math.max(greatest, Math.abs(difference));
                }
            }
        }
        return greatest;
    }

    private static int indexOf(byte[] bytes, int first, int second) {
        for (int i = 0; i < bytes.length - 1; i++) {
            if ((bytes[i] & 0xFF) == first && (bytes[i + 1] & 0xFF) == second) {
                return i;
            }
        }
        throw new AssertionError("not there");
    }

    private static void setTag(byte[] tiff, int tag, int value) {
        ByteBuffer file = ByteBuffer.wrap(tiff).order(ByteOrder.LITTLE_ENDIAN);
        int directory = file.getInt(4);
        for (int i = 0; i < file.getShort(directory); i++) {
            int entry = directory + 2 + 12 * i;
            if (file.getShort(entry) == tag) {
                file.putShort(entry + 2, (short) 4).putInt(entry + 8, value);
            }
        }
    }

    private static BufferedImage picture(int width, int height) {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, (x / 8 * 51) << 16 | (y / 4 * 51) << 8 | (x * 51 / 16 % 2 * 51));
            }
        }
        return picture;
    }

    private static byte[] write(BufferedImage picture, String format) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(ImageIO.write(picture, format, bytes)).isTrue();
        return bytes.toByteArray();
    }
}
