package dev.gnserve.workshop.training;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SegmentationTargetTest {

    @Test
    void rimOfALargeNucleusIsTwoPixelsWide() {
        int size = 20;
        SegmentationTarget target = SegmentationTarget.of(square(size, 5, 15, 1), size, size);
        assertThat(row(target, size, 10)).isEqualTo(".....bbIIIIIIbb.....");
        assertThat(row(target, size, 5)).isEqualTo(".....bbbbbbbbbb.....");
        assertThat(row(target, size, 7)).isEqualTo(".....bbIIIIIIbb.....");
    }

    @Test
    void smallNucleusKeepsAnInterior() {
        int size = 11;
        SegmentationTarget target = SegmentationTarget.of(square(size, 4, 7, 1), size, size);
        assertThat(row(target, size, 5)).isEqualTo("....bIb....");
    }

    @Test
    void touchingNucleiHaveSeparateInteriorsAndTheirSeamCountsMost() {
        int size = 24;
        int[] ids = new int[size * size];
        for (int y = 2; y < 22; y++) {
            for (int x = 2; x < 22; x++) {
                ids[y * size + x] = x < 12 ? 1 : 2;
            }
        }
        SegmentationTarget target = SegmentationTarget.of(ids, size, size);
        assertThat(row(target, size, 12)).isEqualTo("..bbIIIIIIbbbbIIIIIIbb..");
        int middle = 12 * size;
        assertThat(target.weights()[middle + 11]).isGreaterThan(target.weights()[middle + 2]);
        assertThat(target.weights()[middle + 2]).isGreaterThan(target.weights()[middle + 6]);
        assertThat(target.weights()[middle + 6]).isEqualTo(target.weights()[0]);
    }

    @Test
    void nucleusCutByTheEdgeHasNoRimThere() {
        int size = 20;
        SegmentationTarget target = SegmentationTarget.of(square(size, 0, 10, 1), size, size);
        assertThat(row(target, size, 0)).isEqualTo("IIIIIIIIbb..........");
    }

    private static int[] square(int size, int from, int to, int id) {
        int[] ids = new int[size * size];
        for (int y = from; y < to; y++) {
            for (int x = from; x < to; x++) {
                ids[y * size + x] = id;
            }
        }
        return ids;
    }

    private static String row(SegmentationTarget target, int size, int y) {
        StringBuilder row = new StringBuilder();
        for (int x = 0; x < size; x++) {
            row.append(".Ib".charAt(target.classes()[y * size + x]));
        }
        return row.toString();
    }
}
