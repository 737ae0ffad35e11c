package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.ModelsFolder;
import dev.gnserve.failure.FailureException;
import dev.gnserve.numpy.Npz;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames are those that Pillow 13 and OpenCV 5 show, where they are not transparent (clips/make.py). */
class FrameReaderTest {

    private static final Npz EXPECTED = Npz.read(ModelsFolder.bytes("/clips/frames.npz"));

    private final FrameReader reader = new FrameReader(ImageLimits.DEFAULT);

    private static byte[] file(String name) {
        return ModelsFolder.bytes("/clips/" + name);
    }

    private static float[] samples(FrameReader reader, byte[] file, Integer... numbers) {
        NavigableSet<Integer> wanted = new TreeSet<>(List.of(numbers));
        float[][] all = new float[1][0];
        reader.read(file, wanted, ChannelOrder.RGB, Cancellation.NEVER, (frame, number) -> {
            int channels = frame.channels();
            int at = all[0].length;
            all[0] = Arrays.copyOf(all[0], at + 3 * frame.width() * frame.height());
            for (int y = 0; y < frame.height(); y++) {
                for (int x = 0; x < frame.width(); x++) {
                    for (int c = 0; c < 3; c++) {
                        all[0][at++] = frame.sample(x, y, channels == 1 ? 0 : c);
                    }
                }
            }
        });
        return all[0];
    }

    @ParameterizedTest
    @CsvSource({
        "parts.gif, 12, 0",
        "cleared.gif, 6, 0",
        "restored.gif, 6, 0",
        "plain.png, 12, 0",
        "disposal.png, 6, 0",
        "lossless.webp, 12, 0",
        "lossy.webp, 12, 0",
        "alpha-lossless.webp, 6, 0",
        "alpha-lossy.webp, 6, 1"
    })
    void framesAreShownAsByOthers(String name, int count, int rounding) {
        byte[] file = file(name);
        assertThat(reader.count(file)).isEqualTo(count);

        float[] all = samples(reader, file, IntStream.range(0, count).boxed().toArray(Integer[]::new));

        float[] expected = EXPECTED.floats(name); // With alpha.
        assertThat(all).hasSize(expected.length / 4 * 3);
        int different = 0;
        for (int i = 0; i < all.length; i++) {
            boolean visible = expected[i / 3 * 4 + 3] > 0;
            different += visible && Math.abs(all[i] - expected[i / 3 * 4 + i % 3]) > rounding ? 1 : 0;
        }
        assertThat(different).as("samples that differ").isZero();
    }

    /** The second frame of a file that has a third one. */
    @Test
    void aFrameBeyondTheScreenOfAGifIsRefused() {
        byte[] file = file("parts.gif");
        int second = descriptor(file, descriptor(file, 0) + 1);
        file[second + 2] = 1; // 256 pixels to the right

        assertThatThrownBy(() -> reader.count(file)).hasMessageContaining("frame 2 lies beyond its screen");
    }

    /** Where the next frame of a GIF is described: a comma behind a graphic control. */
    private static int descriptor(byte[] file, int from) {
        for (int at = from; ; at++) {
            if (file[at] == 0x21 && (file[at + 1] & 0xFF) == 0xF9 && file[at + 8] == 0x2C) {
                return at + 8;
            }
        }
    }

    @Test
    void whatIsNoPictureIsNoFrame() {
        assertThatThrownBy(() -> reader.count("ftypisom, a video".getBytes(StandardCharsets.US_ASCII)))
                .hasMessageContaining("of a video, save its frames as images");
    }

    @Test
    void someFramesAreThoseOfTheWhole() {
        int frame = 3 * 20 * 28;
        float[] all = samples(reader, file("parts.gif"), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        float[] some = samples(reader, file("parts.gif"), 2, 9);
        assertThat(Arrays.copyOf(some, frame)).containsExactly(Arrays.copyOfRange(all, 2 * frame, 3 * frame));
        assertThat(Arrays.copyOfRange(some, frame, 2 * frame))
                .containsExactly(Arrays.copyOfRange(all, 9 * frame, 10 * frame));
    }

    @Test
    void pagesOfATiffAreFrames() {
        assertThat(reader.count(file("stack.tif"))).isEqualTo(12);
        // The lossless animation shows the same frames.
        assertThat(samples(reader, file("stack.tif"), 0, 11))
                .containsExactly(samples(reader, file("lossless.webp"), 0, 11));
    }

    @Test
    void anImageIsOneFrame() {
        assertThat(reader.count(file("frame-1.png"))).isOne();
        assertThat(samples(reader, file("frame-1.png"), 0)).containsExactly(samples(reader, file("lossless.webp"), 1));
    }

    @Test
    void whatIsCutOffOrChangedIsRefused() {
        byte[] gif = file("parts.gif");
        byte[] half = Arrays.copyOf(gif, gif.length / 2);
        assertThatThrownBy(() -> reader.count(half))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("ends in or behind its frame");
        // Some writers leave the last byte out.
        assertThat(reader.count(Arrays.copyOf(gif, gif.length - 1))).isEqualTo(12);

        byte[] png = file("plain.png").clone();
        int second = indexOf(png, "fdAT");
        png[second + 12] ^= 1;
        assertThatThrownBy(() -> reader.count(png))
                .hasMessageContaining("checksum of the chunk at byte " + (second - 4));
        byte[] webp = file("lossless.webp").clone();
        int frame = indexOf(webp, "ANMF");
        ByteBuffer.wrap(webp).put(frame + 8 + 6, (byte) 120);
        assertThatThrownBy(() -> reader.count(webp)).hasMessageContaining("lies beyond the canvas");
    }

    private static int indexOf(byte[] file, String chunk) {
        return new String(file, StandardCharsets.ISO_8859_1).indexOf(chunk);
    }

    @Test
    void aLongAnimationIsRefusedBeforeItIsDecoded() {
        FrameReader small = new FrameReader(new ImageLimits(28 * 20, 1000));
        assertThat(samples(small, file("parts.gif"), 7)).hasSize(3 * 28 * 20);
        assertThatThrownBy(() -> samples(small, file("parts.gif"), 8))
                .hasMessageContaining("5,040 pixels in the 9 frames")
                .hasMessageContaining("gnserve.limits.max-pixels");
    }

    /** Pillow passes over them. */
    @Test
    void zerosBetweenTheBlocksOfAGifAreNoFrames() throws IOException {
        byte[] gif = file("parts.gif");
        int second = descriptor(gif, descriptor(gif, 0) + 1) - 8;
        ByteArrayOutputStream more = new ByteArrayOutputStream();
        int first = descriptor(gif, 0) - 8;
        more.write(gif, 0, first);
        more.write(new byte[2]);
        more.write(gif, first, second - first);
        more.write(new byte[1]);
        more.write(gif, second, gif.length - second);

        assertThat(reader.count(more.toByteArray())).isEqualTo(12);
        assertThat(samples(reader, more.toByteArray(), 0, 1)).containsExactly(samples(reader, gif, 0, 1));
        ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);
        UprightImage still = decoder.decode(more.toByteArray());
        assertThat(still.page()).isEqualTo(new PageNumber(1, 12));
        assertThat(still.sample(3, 3, 0)).isEqualTo(decoder.decode(gif).sample(3, 3, 0));
    }

    @Test
    void framesOfAWebpWithinFramesAreNotLookedAt() {
        int frames = 60_000;
        ByteBuffer file = ByteBuffer.allocate(30 + 24 * frames).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(file.capacity() - 8);
        file.put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII)).putInt(10).put(new byte[] {2, 0, 0, 0, 9, 0, 0, 9, 0, 0
        });
        for (int i = 0; i < frames; i++) {
            file.put("ANMF".getBytes(StandardCharsets.US_ASCII));
            file.putInt(file.capacity() - file.position() - 4).put(new byte[16]);
        }

        reader.cost(file.array(), 1, ChannelOrder.RGB);
        new ImageDecoder(ImageLimits.DEFAULT).cost(file.array(), 1);
        assertThatThrownBy(() -> reader.count(file.array()))
                .isInstanceOf(FailureException.class)
                .hasMessageContaining("has no chunk of image data");
    }
}
