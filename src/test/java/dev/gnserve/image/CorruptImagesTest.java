package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Mutations of one small file per kind: an image or a failure with a reason, in bounded time and memory. */
class CorruptImagesTest {

    private static final int MUTATIONS = 250;
    private static final long MOST_BYTES = 150_000_000;

    private final ImageDecoder decoder = new ImageDecoder(new ImageLimits(1_000_000, 4096));
    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Pillow 12.0 refuses both: "image file is truncated" and "broken data stream when reading image file". */
    @Test
    void aGifWithoutDataForAllOfItsRowsIsRefused() {
        byte[] whole = Golden.image("palette.gif");
        int at = 13 + (3 << ((whole[10] & 7) + 1)); // Behind the colour table.
        while (whole[at] == '!') {
            for (at += 2; whole[at] != 0; at += 1 + (whole[at] & 0xFF)) {}
            at++;
        }
        int block = at + 11;
        int half = (whole[block] & 0xFF) / 2;
        byte[] shorter = Arrays.copyOf(whole, block + 1 + half + 2);
        shorter[block] = (byte) half;
        shorter[block + 1 + half] = 0;
        shorter[block + 2 + half] = ';';
        byte[] damaged = whole.clone();
        Arrays.fill(damaged, block + half, block + half + 20, (byte) 0xFF);

        assertThat(decoder.decode(whole).width()).isPositive();
        assertThatThrownBy(() -> decoder.decode(shorter))
                .hasMessageMatching("(?s).*its data end after \\d+ of \\d+ rows.*");
        assertThatThrownBy(() -> decoder.decode(damaged)).hasMessageContaining("its data are damaged");
    }

    @Timeout(60)
    @ParameterizedTest
    @ValueSource(
            strings = {
                "rgb.jpg",
                "progressive.jpg",
                "cmyk.jpg",
                "exif-6.jpg",
                "rgb.png",
                "rgb16.png",
                "palette4-interlaced.png",
                "rgb.bmp",
                "palette.bmp",
                "palette.gif",
                "animated.gif",
                "lossy.webp",
                "alpha-lossless.webp",
                "animated.webp",
                "lzw.tif",
                "jpeg.tif",
                "bilevel.tif",
                "gray16.tif",
                "big.tif",
                "pages.tif"
            })
    void mutationsGiveAnImageOrAFailure(String name) {
        byte[] whole = Golden.image(name);
        Random random = new Random(name.hashCode());
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] mutated = mutate(whole, random);
            long before = allocated();

            try {
                UprightImage image = decoder.decode(mutated);
                assertThat((long) image.width() * image.height()).isLessThanOrEqualTo(1_000_000);
            } catch (FailureException e) {
                assertThat(e.failure().code())
                        .isIn(
                                FailureCode.IMAGE_UNDECODABLE,
                                FailureCode.IMAGE_TOO_LARGE,
                                FailureCode.UNSUPPORTED_MEDIA);
                assertThat(e.failure().detail()).isNotBlank();
            }

            assertThat(allocated() - before).as("bytes taken by mutation %d", i).isLessThan(MOST_BYTES);
        }
    }

    private static byte[] mutate(byte[] whole, Random random) {
        if (random.nextInt(4) == 0) {
            return Arrays.copyOf(whole, random.nextInt(whole.length));
        }
        byte[] mutated = whole.clone();
        int span = random.nextBoolean() ? mutated.length : Math.min(mutated.length, 120);
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            int[] kinds = {0, 0xFF, random.nextInt(256), random.nextInt(256)};
            mutated[random.nextInt(span)] = (byte) kinds[random.nextInt(kinds.length)];
        }
        return mutated;
    }

    private long allocated() {
        return threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
