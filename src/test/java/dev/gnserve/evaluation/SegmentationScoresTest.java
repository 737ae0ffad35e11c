package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** Expected values are worked out by hand in the comments. */
class SegmentationScoresTest {

    @Test
    void perfectPredictionScoresOneWhateverTheNumbers() {
        SegmentationScores scores = scores("1122..33", "7733..11");
        assertThat(scores.dice()).isEqualTo(1);
        assertThat(scores.f1()).isEqualTo(1);
    }

    @Test
    void diceComparesForegroundAndF1ComparesObjects() {
        // Foreground: truth 6, prediction 5, common 5: 10 / 11. Objects: 1 against 1 has 3 of 3; 2 against 2 has 2 of
        // 3; both match.
        SegmentationScores scores = scores("111222..", "11122...");
        assertThat(scores.dice()).isCloseTo(10.0 / 11, within(1e-12));
        assertThat(scores.f1()).isEqualTo(1);
    }

    @Test
    void mergedObjectsCountOnceAtMost() {
        // One predicted over both: against 1 it has 4 of 6 (match), against 2 it has 2 of 6. F1 = 2 * 1 / (1 + 2).
        SegmentationScores scores = scores("111122", "999999");
        assertThat(scores.dice()).isEqualTo(1);
        assertThat(scores.found()).isEqualTo(1);
        assertThat(scores.f1()).isCloseTo(2.0 / 3, within(1e-12));
    }

    @Test
    void exactlyHalfIsNoMatch() {
        // Intersection 2, union 4.
        assertThat(scores("1111", "11..").found()).isZero();
        assertThat(scores("111.", "11..").found()).isEqualTo(1);
    }

    @Test
    void emptyImageFoundEmptyIsRight() {
        SegmentationScores scores = scores("....", "....");
        assertThat(scores.dice()).isEqualTo(1);
        assertThat(scores.f1()).isEqualTo(1);
    }

    @Test
    void falseAlarmsOnAnEmptyImageAreWrong() {
        SegmentationScores scores = scores("....", ".11.");
        assertThat(scores.dice()).isZero();
        assertThat(scores.f1()).isZero();
    }

    @Test
    void diceIsAveragedOverImagesAndObjectsArePooled() {
        // Image 1: Dice 1, 1 of 1 found. Image 2: Dice 0, none of 3 found, none predicted. F1 = 2 * 1 / (1 + 4).
        SegmentationScores scores = scores("11..", "11..").plus(scores("1.2.3", "....."));
        assertThat(scores.images()).isEqualTo(2);
        assertThat(scores.dice()).isCloseTo(0.5, within(1e-12));
        assertThat(scores.f1()).isCloseTo(0.4, within(1e-12));
    }

    /** One digit per pixel, a dot is background. */
    private static SegmentationScores scores(String truth, String prediction) {
        int[] predicted = ids(prediction);
        boolean[] foreground = new boolean[predicted.length];
        for (int i = 0; i < predicted.length; i++) {
            foreground[i] = predicted[i] != 0;
        }
        return SegmentationScores.of(ids(truth), predicted, foreground);
    }

    private static int[] ids(String pixels) {
        return pixels.chars().map(pixel -> pixel == '.' ? 0 : pixel - '0').toArray();
    }
}
