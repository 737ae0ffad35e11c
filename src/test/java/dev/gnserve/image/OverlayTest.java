package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class OverlayTest {

    private final ImageDecoder decoder = new ImageDecoder(ImageLimits.DEFAULT);

    @Test
    void backgroundStaysAndObjectsAreTintedAndOutlined() {
        int[] objects = new int[40 * 30];
        fill(objects, 40, 5, 5, 20, 20, 1);
        fill(objects, 40, 20, 5, 35, 20, 2);
        Overlay overlay = new Overlay(gray(40, 30, 100));

        overlay.drawObjects(LabelMap.of(40, 30, objects));

        UprightImage picture = decoder.decode(overlay.toPng());
        assertThat(rgb(picture, 2, 2)).isEqualTo(0x646464);
        assertThat(rgb(picture, 10, 10)).isNotEqualTo(0x646464);
        assertThat(rgb(picture, 5, 10)).isIn(palette());
        assertThat(rgb(picture, 19, 10)).isIn(palette()).isNotEqualTo(rgb(picture, 20, 10));
    }

    @Test
    void neighboursDiffer() {
        Random random = new Random(9);
        int size = 120;
        int[] objects = new int[size * size];
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                objects[y * size + x] = 1 + (y / 10) * 12 + x / 10;
            }
        }
        int[] numbers = random.ints(1, 100_000).distinct().limit(145).toArray();
        for (int i = 0; i < objects.length; i++) {
            objects[i] = numbers[objects[i]];
        }

        int[] colors = NeighbourColors.of(LabelMap.of(size, size, objects));

        for (int y = 0; y < size; y++) {
            for (int x = 1; x < size; x++) {
                int here = objects[y * size + x];
                int left = objects[y * size + x - 1];
                int turnedHere = objects[x * size + y];
                int above = objects[(x - 1) * size + y];
                assertThat(here == left || colors[here] != colors[left]).isTrue();
                assertThat(turnedHere == above || colors[turnedHere] != colors[above])
                        .isTrue();
            }
        }
    }

    @Test
    void aBoxIsFramedAndNamed() {
        Overlay overlay = new Overlay(gray(100, 80, 0));

        overlay.drawBoxes(List.of(new Overlay.Annotation(new Box(20, 30, 50, 40), "RBC 0.98", 1)));

        UprightImage picture = decoder.decode(overlay.toPng());
        assertThat(rgb(picture, 20, 50)).isEqualTo(Palette.color(1));
        assertThat(rgb(picture, 69, 50)).isEqualTo(Palette.color(1));
        assertThat(rgb(picture, 45, 69)).isEqualTo(Palette.color(1));
        assertThat(rgb(picture, 45, 50)).isZero();
        // The upright of the R, black on the colour of the box.
        assertThat(rgb(picture, 20, 24)).isEqualTo(Palette.color(1));
        assertThat(rgb(picture, 21, 24)).isEqualTo(0);
    }

    @Test
    void boxesBeyondThePictureDoNoHarm() {
        Overlay overlay = new Overlay(gray(9, 7, 0));

        overlay.drawBoxes(List.of(
                new Overlay.Annotation(new Box(-20, -30, 500, 400), "\u00e9 long text", -3),
                new Overlay.Annotation(new Box(100, 100, 0, 0), "", 99)));

        assertThat(decoder.decode(overlay.toPng()).width()).isEqualTo(9);
    }

    @Test
    void aMapOfAnotherSizeIsRefused() {
        assertThatThrownBy(() -> new Overlay(gray(4, 4, 0)).drawClasses(LabelMap.of(4, 5, new byte[20])))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void darkSixteenBitImagesAreStretchedToBeSeen() {
        short[] samples = new short[100];
        for (int i = 0; i < 100; i++) {
            samples[i] = (short) (1000 + i);
        }

        byte[] shown = Display.rgb(UprightImage.of16Bit(10, 10, 1, samples));

        assertThat(shown).hasSize(300);
        assertThat(shown[0]).isZero();
        assertThat(shown[299] & 0xFF).isEqualTo(255);
    }

    @Test
    void samplesOfAnyRangeAreStretchedToBeSeen() {
        float[] samples = new float[100];
        for (int i = 0; i < 100; i++) {
            samples[i] = -3.5f + 0.25f * i;
        }

        byte[] shown = Display.rgb(UprightImage.ofNumbers(10, 10, 1, samples, "floating-point numbers of 32 bits"));

        assertThat(shown).hasSize(300);
        assertThat(shown[0]).isZero();
        assertThat(shown[150] & 0xFF).isBetween(126, 130);
        assertThat(shown[299] & 0xFF).isEqualTo(255);
    }

    private static void fill(int[] labels, int width, int left, int top, int right, int bottom, int label) {
        for (int y = top; y < bottom; y++) {
            for (int x = left; x < right; x++) {
                labels[y * width + x] = label;
            }
        }
    }

    private static List<Integer> palette() {
        return IntStream.range(0, Palette.SIZE).mapToObj(Palette::color).toList();
    }

    private static int rgb(UprightImage image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }

    private static UprightImage gray(int width, int height, int value) {
        byte[] samples = new byte[width * height];
        Arrays.fill(samples, (byte) value);
        return UprightImage.of8Bit(width, height, 1, samples);
    }
}
