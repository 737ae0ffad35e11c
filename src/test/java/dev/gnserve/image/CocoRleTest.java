package dev.gnserve.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CocoRleTest {

    /** Strings made by pycocotools 2.0 from the same masks, given here row by row. */
    @ParameterizedTest
    @CsvSource({
        "3, 000/000/000, 9",
        "3, 111/111/111, 09",
        "3, 100/000/001, 0170",
        "3, 010/010/010, 333",
        "4, 0110/1001/0000/1111, 1111100OO000",
    })
    void equalsPycocotools(int width, String rows, String expected) {
        int[] labels = rows.replace("/", "").chars().map(c -> c - '0').toArray();
        LabelMap map = LabelMap.of(width, labels.length / width, labels);

        assertThat(CocoRle.of(map, 1).counts()).isEqualTo(expected);
    }

    @Test
    void aDiskEqualsPycocotools() {
        int[] labels = new int[300 * 200];
        for (int y = 0; y < 200; y++) {
            for (int x = 0; x < 300; x++) {
                labels[y * 300 + x] = (y - 90) * (y - 90) + (x - 140) * (x - 140) < 50 * 50 ? 1 : 0;
            }
        }

        assertThat(CocoRle.of(LabelMap.of(300, 200, labels), 1))
                .isEqualTo(new CocoRle(
                        200,
                        300,
                        "Yka0c0a58H8J4L4L4L4L4M2N2M4M2N2N2N2N2N2N2N2O0O2N2N2O0O2O0O2O0O2O0O2O0O2O00000O2O00000O2O"
                                + "000000000000000000000000000000000001N1000001N1000001N101N101N101N101N101N2N2N101N2N2N2"
                                + "N2N2N2N2N3L3N2N3L4L4L4L4L6H8HS]e0"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 50, 90, 100})
    void anIndependentDecoderReadsEveryMaskBack(int percent) {
        Random random = new Random(percent);
        for (int i = 0; i < 50; i++) {
            int width = 1 + random.nextInt(80);
            int height = 1 + random.nextInt(80);
            int[] labels = random.ints((long) width * height, 0, 100)
                    .map(v -> v < percent ? 7 : v % 3)
                    .toArray();

            CocoRle rle = CocoRle.of(LabelMap.of(width, height, labels), 7);

            assertThat(decode(rle)).isEqualTo(maskOf(labels, 7));
        }
    }

    @Test
    void aRegionIsPlacedInTheWholePicture() {
        Random random = new Random(4);
        for (int i = 0; i < 200; i++) {
            int width = 1 + random.nextInt(20);
            int height = 1 + random.nextInt(20);
            int[] labels = random.ints((long) width * height, 0, 3).toArray();
            int x = random.nextInt(width);
            int y = random.nextInt(height);
            LabelMap.Region region =
                    new LabelMap.Region(x, y, 1 + random.nextInt(width - x), 1 + random.nextInt(height - y));
            int[] outsideCleared = new int[labels.length];
            for (int row = y; row < y + region.height(); row++) {
                System.arraycopy(labels, row * width + x, outsideCleared, row * width + x, region.width());
            }

            CocoRle rle = CocoRle.of(LabelMap.of(width, height, labels), 1, region);

            assertThat(decode(rle)).isEqualTo(maskOf(outsideCleared, 1));
            assertThat(rle).isEqualTo(CocoRle.of(LabelMap.of(width, height, outsideCleared), 1));
        }
    }

    @Test
    void bytesAndIntsGiveTheSame() {
        byte[] bytes = {0, 1, (byte) 200, (byte) 200, 1, 0};
        int[] ints = {0, 1, 200, 200, 1, 0};

        assertThat(CocoRle.of(LabelMap.of(3, 2, bytes), 200)).isEqualTo(CocoRle.of(LabelMap.of(3, 2, ints), 200));
    }

    @Test
    void aRegionOutsideThePictureIsRefused() {
        LabelMap map = LabelMap.of(4, 3, new byte[12]);

        assertThatThrownBy(() -> CocoRle.of(map, 1, new LabelMap.Region(2, 0, 3, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 x 3");
    }

    /** Written from COCO's definition alone: maskApi.c, rleFrString and rleDecode. */
    private static List<Integer> decode(CocoRle rle) {
        List<Long> runs = new ArrayList<>();
        String text = rle.counts();
        int at = 0;
        while (at < text.length()) {
            long value = 0;
            int shift = 0;
            int bits;
            do {
                bits = text.charAt(at++) - 48;
                value |= (long) (bits & 0x1F) << shift;
                shift += 5;
            } while ((bits & 0x20) != 0);
            if ((bits & 0x10) != 0) {
                value |= -1L << shift;
            }
            if (runs.size() > 2) {
                value += runs.get(runs.size() - 2);
            }
            runs.add(value);
        }
        List<Integer> columns = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            for (long j = 0; j < runs.get(i); j++) {
                columns.add(i % 2);
            }
        }
        List<Integer> rows = new ArrayList<>();
        for (int y = 0; y < rle.height(); y++) {
            for (int x = 0; x < rle.width(); x++) {
                rows.add(columns.get(x * rle.height() + y));
            }
        }
        assertThat(columns).hasSize(rle.height() * rle.width());
        return rows;
    }

    private static List<Integer> maskOf(int[] labels, int label) {
        List<Integer> mask = new ArrayList<>();
        for (int value : labels) {
            mask.add(value == label ? 1 : 0);
        }
        return mask;
    }

    /** The same strings of pycocotools, the other way. */
    @ParameterizedTest
    @CsvSource({
        "3, 000/000/000, 9",
        "3, 111/111/111, 09",
        "3, 100/000/001, 0170",
        "3, 010/010/010, 333",
        "4, 0110/1001/0000/1111, 1111100OO000",
    })
    void readsWhatPycocotoolsWrites(int width, String rows, String counts) {
        String digits = rows.replace("/", "");

        byte[] pixels = new CocoRle(digits.length() / width, width, counts).pixels();

        StringBuilder read = new StringBuilder();
        for (byte pixel : pixels) {
            read.append(pixel);
        }
        assertThat(read).hasToString(digits);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "8", "99", "\u00ff", "P", "PPPPPPPPPPPP", "ooooooooooooooo"})
    void whatIsNoMaskOfThePictureIsRefused(String counts) {
        assertThatThrownBy(() -> new CocoRle(3, 3, counts).pixels()).isInstanceOf(IllegalArgumentException.class);
    }
}
