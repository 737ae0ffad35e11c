package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "gif", "tiff"})
    void losslessFormatsKeepEverySample(String format) throws IOException {
        BufferedImage picture = picture(37, 23);

        UprightImage image = decoder.decode(write(picture, format));

        assertThat(image.width()).isEqualTo(37);
        assertThat(image.height()).isEqualTo(23);
        assertThat(image.channels()).isEqualTo(3);
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
    void textIsNoImage() {
        assertThat(codeOf("BMW builds cars".getBytes(StandardCharsets.UTF_8))).isEqualTo(FailureCode.UNSUPPORTED_MEDIA);
        assertThat(codeOf(new byte[0])).isEqualTo(FailureCode.UNSUPPORTED_MEDIA);
    }

    @ParameterizedTest
    @ValueSource(strings = {"png", "bmp", "gif", "tiff", "jpg"})
    void truncationIsRefused(String format) throws IOException {
        byte[] whole = write(picture(37, 23), format);

        for (int length : new int[] {whole.length / 2, whole.length * 9 / 10}) {
            assertThat(codeOf(Arrays.copyOf(whole, length)))
                    .as("%d of %d bytes", length, whole.length)
                    .isEqualTo(FailureCode.IMAGE_UNDECODABLE);
        }
    }

    private FailureCode codeOf(byte[] bytes) {
        return catchThrowableOfType(FailureException.class, () -> decoder.decode(bytes))
                .failure()
                .code();
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
