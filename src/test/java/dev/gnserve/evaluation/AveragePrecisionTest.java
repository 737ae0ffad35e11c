package dev.gnserve.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AveragePrecisionTest {

    private static final Box A = new Box(0, 0, 10, 10);
    private static final Box B = new Box(100, 0, 10, 10);
    private static final Box NOWHERE = new Box(300, 300, 10, 10);

    private final AveragePrecision precision = new AveragePrecision();

    @Test
    void allFoundAndNothingElseIsOne() {
        precision.add(List.of(truth(A), truth(B)), List.of(found(A, 0.3), found(B, 0.9)));
        assertThat(precision.of(0, 0.5)).isEqualTo(1);
        assertThat(precision.ofAllThresholds(0)).isEqualTo(1);
    }

    @Test
    void falseAlarmBetweenTwoHitsCostsTheUpperHalfOfRecall() {
        precision.add(List.of(truth(A), truth(B)), List.of(found(A, 0.9), found(NOWHERE, 0.8), found(B, 0.7)));
        // Precision 1 up to a recall of 0.5 (51 points), then 2/3 (50 points).
        assertThat(precision.of(0, 0.5)).isCloseTo((51 + 50 * 2 / 3.0) / 101, within(1e-12));
    }

    @Test
    void missedObjectEndsTheCurve() {
        precision.add(List.of(truth(A), truth(B)), List.of(found(B, 0.4)));
        assertThat(precision.of(0, 0.5)).isCloseTo(51 / 101.0, within(1e-12));
    }

    @Test
    void secondBoxOfAnObjectIsAFalseAlarm() {
        precision.add(List.of(truth(A)), List.of(found(new Box(0, 0, 10, 9), 0.9), found(A, 0.8)));
        assertThat(precision.of(0, 0.5)).isEqualTo(1);
        precision.add(List.of(truth(B)), List.of(found(B, 0.7)));
        // Hit, false alarm, hit: as above.
        assertThat(precision.of(0, 0.5)).isCloseTo((51 + 50 * 2 / 3.0) / 101, within(1e-12));
    }

    @Test
    void boxMustBeThereAsExactlyAsTheThresholdAsks() {
        // IoU 0.7: a hit at 0.5, 0.55, 0.6, 0.65 and 0.7.
        precision.add(List.of(truth(A)), List.of(found(new Box(0, 0, 10, 7), 0.9)));
        assertThat(precision.of(0, 0.5)).isEqualTo(1);
        assertThat(precision.of(0, 0.75)).isZero();
        assertThat(precision.ofAllThresholds(0)).isCloseTo(0.5, within(1e-12));
    }

    @Test
    void objectsMatchInTheirOwnImageAndClassOnly() {
        precision.add(List.of(truth(A)), List.of());
        precision.add(List.of(), List.of(found(A, 0.9)));
        assertThat(precision.of(0, 0.5)).isZero();
        precision.add(List.of(new LabelledBox(1, A)), List.of(found(A, 0.9)));
        assertThat(precision.of(1, 0.5)).isZero();
        assertThat(precision.of(2, 0.5)).isNaN();
    }

    @Test
    void onlyTheHundredBestOfAnImageCount() {
        List<Found> detections = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            detections.add(found(NOWHERE, 0.9));
        }
        detections.add(found(A, 0.5));
        precision.add(List.of(truth(A)), detections);
        assertThat(precision.of(0, 0.5)).isZero();
    }

    /** All 150 boxes are right, with scores of 0.9 down to 0.751: of those that count, the lowest score is the best threshold. */
    @Test
    void theBestThresholdCountsAllThatIsServed() {
        List<LabelledBox> truth = new ArrayList<>();
        List<Found> found = new ArrayList<>();
        for (int i = 0; i < 150; i++) {
            Box box = new Box(20 * i, 0, 10, 10);
            truth.add(truth(box));
            found.add(found(box, 0.9 - i / 1000.0));
        }
        precision.add(truth, found);
        assertThat(precision.bestThreshold(1, 300)).isEqualTo(new BestThreshold(0.751f, 1));
        assertThat(precision.bestThreshold(1, 120)).isEqualTo(new BestThreshold(0.781f, 2 * 120 / 270.0));
        assertThat(precision.recall(0)).as("COCO's 100").isCloseTo(100 / 150.0, within(1e-12));
    }

    private static LabelledBox truth(Box box) {
        return new LabelledBox(0, box);
    }

    private static Found found(Box box, double score) {
        return new Found(0, (float) score, box, null);
    }
}
