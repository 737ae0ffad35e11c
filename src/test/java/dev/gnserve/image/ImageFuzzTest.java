package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.gnserve.Bounds;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is uploaded, decoding gives an image within the limits or one of three failures, in bounded memory and time. */
class ImageFuzzTest {

    private static final ImageLimits LIMITS = new ImageLimits(1_000_000, 4096);
    private static final ImageDecoder DECODER = new ImageDecoder(LIMITS);

    /** One file per kind; what lies in ImageFuzzTestInputs was found. */
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "exif-6.jpg",
                        "progressive.jpg",
                        "restarts.jpg",
                        "ycck.jpg",
                        "exif-6.png",
                        "gray16-interlaced.png",
                        "palette2-interlaced.png",
                        "palette.bmp",
                        "alpha.bmp",
                        "animated.gif",
                        "alpha-lossy.webp",
                        "alpha-lossless.webp",
                        "animated.webp",
                        "exif-6.webp",
                        "lossy-0-50.webp",
                        "lossy-4-0.webp",
                        "predicted.webp",
                        "indexed.webp",
                        "lzw.tif",
                        "jpeg.tif",
                        "bilevel.tif",
                        "packbits.tif",
                        "cmyk.tif",
                        "jpeg-cmyk.tif",
                        "palette.tif",
                        "alpha.tif",
                        "fax3.tif",
                        "exif-6.tif",
                        "big.tif",
                        "pages.tif")
                .map(Golden::image);
    }

    @MethodSource("seeds")
    @FuzzTest
    void bytesGiveAnImageOrAFailure(byte[] bytes) {
        Bounds.hold(() -> decode(bytes));
        if (ImageFormat.of(bytes) == ImageFormat.PNG) {
            // Behind the checksums is where most of the reader is.
            byte[] sound = bytes.clone();
            repairChecksums(sound);
            Bounds.hold(() -> decode(sound));
        }
    }

    private static void decode(byte[] bytes) {
        DecodeCost cost = DECODER.cost(bytes, 1);
        assertThat(cost.pixels()).isBetween(1L, LIMITS.maxPixels());
        try {
            UprightImage image = DECODER.decode(bytes);
            assertThat((long) image.width() * image.height()).isBetween(1L, LIMITS.maxPixels());
            assertThat(image.sample(image.width() - 1, image.height() - 1, image.channels() - 1))
                    .isBetween(0, image.maxSample());
        } catch (FailureException e) {
            assertThat(e.failure().code())
                    .isIn(FailureCode.IMAGE_UNDECODABLE, FailureCode.IMAGE_TOO_LARGE, FailureCode.UNSUPPORTED_MEDIA);
            assertThat(e.failure().detail()).isNotBlank();
        }
    }

    private static void repairChecksums(byte[] png) {
        ByteBuffer file = ByteBuffer.wrap(png);
        for (int at = 8; at + 12 <= png.length; ) {
            int length = file.getInt(at);
            if (length < 0 || length > png.length - at - 12) {
                return;
            }
            CRC32 crc = new CRC32();
            crc.update(png, at + 4, length + 4);
            file.putInt(at + 8 + length, (int) crc.getValue());
            at += 12 + length;
        }
    }
}
