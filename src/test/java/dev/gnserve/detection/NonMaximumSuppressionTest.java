package dev.gnserve.detection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NonMaximumSuppressionTest {

    private static final NonMaximumSuppression HALF = new NonMaximumSuppression(0.5);

    @Test
    void intersectionOverUnionIsThatOfAreas() {
        Box box = new Box(0, 0, 10, 10);
        assertThat(NonMaximumSuppression.iou(box, box)).isEqualTo(1);
        assertThat(NonMaximumSuppression.iou(box, new Box(5, 5, 10, 10))).isCloseTo(25 / 175.0, within(1e-12));
        assertThat(NonMaximumSuppression.iou(box, new Box(10, 0, 10, 10))).isZero();
        assertThat(NonMaximumSuppression.iou(box, new Box(20, 20, 0, 0))).isZero();
    }

    @Test
    void bestOfOverlappingBoxesOfAClassRemains() {
        Detection good = found(0, 0.9, 0);
        Detection worse = found(0, 0.8, 2);
        Detection otherClass = found(1, 0.7, 1);
        Detection elsewhere = found(0, 0.6, 30);
        assertThat(HALF.apply(List.of(elsewhere, worse, otherClass, good), 10))
                .containsExactly(good, otherClass, elsewhere);
    }

    @Test
    void boxesOfOtherLabelsCanBeSuppressedAsWell() {
        Detection good = found(0, 0.9, 0);
        Detection otherClass = found(1, 0.7, 1);
        assertThat(new NonMaximumSuppression(0.5, true).apply(List.of(otherClass, good), 10))
                .containsExactly(good);
    }

    @Test
    void suppressedBoxSuppressesNone() {
        // Each overlaps the next by 7 of 13, the first and the third by 4 of 16.
        Detection first = found(0, 0.9, 0);
        Detection second = found(0, 0.8, 3);
        Detection third = found(0, 0.7, 6);
        assertThat(HALF.apply(List.of(first, second, third), 10)).containsExactly(first, third);
    }

    @Test
    void overlapOfExactlyTheThresholdIsAllowed() {
        Detection whole = new Detection(0, 0.9f, new Box(0, 0, 10, 10));
        Detection half = new Detection(0, 0.8f, new Box(0, 0, 10, 5));
        assertThat(HALF.apply(List.of(whole, half), 10)).containsExactly(whole, half);
    }

    @Test
    void noMoreRemainThanTheLimit() {
        List<Detection> apart = List.of(found(0, 0.2, 0), found(0, 0.4, 20), found(0, 0.3, 40));
        assertThat(HALF.apply(apart, 2)).containsExactly(apart.get(1), apart.get(2));
        assertThat(HALF.apply(apart, 0)).isEmpty();
    }

    @Test
    void orderOfTheBoxesDoesNotMatter() {
        Random random = new Random(4);
        List<Detection> detections = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            Box box = new Box(random.nextInt(20), random.nextInt(20), 4 + random.nextInt(8), 4 + random.nextInt(8));
            // Few scores, so that many are equal.
            detections.add(new Detection(random.nextInt(2), random.nextInt(4) / 4f, box));
        }
        List<Detection> expected = HALF.apply(detections, 20);
        for (int i = 0; i < 10; i++) {
            Collections.shuffle(detections, random);
            assertThat(HALF.apply(detections, 20)).isEqualTo(expected);
        }
    }

    /** A picture of one colour: most locations have the same score, up to the rounding of the engine. */
    @Test
    void roundingDoesNotDecideBetweenEqualScores() {
        Random random = new Random(4);
        List<Detection> exact = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            Box box = new Box(i % 20 * 6 - 3, i / 20 * 6 - 3, 18 + i % 3, 18);
            exact.add(new Detection(i / 200, i % 7 == 0 ? 0.71f : 0.62f, box));
        }
        List<Detection> expected = HALF.apply(exact, 1000);
        assertThat(expected).hasSizeBetween(50, 300);
        for (int turn = 0; turn < 20; turn++) {
            List<Detection> rounded = new ArrayList<>();
            for (Detection detection : exact) {
                Box box = detection.box();
                rounded.add(new Detection(
                        detection.label(),
                        (float) near(detection.score(), random),
                        new Box(
                                near(box.x(), random),
                                near(box.y(), random),
                                near(box.width(), random),
                                near(box.height(), random))));
            }
            Collections.shuffle(rounded, random);
            List<Detection> found = HALF.apply(rounded, 1000);
            assertThat(found).hasSameSizeAs(expected);
            for (int i = 0; i < found.size(); i++) {
                Box box = found.get(i).box();
                assertThat(new double[] {box.x(), box.y(), box.width(), box.height()})
                        .containsExactly(
                                new double[] {
                                    expected.get(i).box().x(),
                                    expected.get(i).box().y(),
                                    expected.get(i).box().width(),
                                    expected.get(i).box().height()
                                },
                                within(1e-3));
            }
        }
    }

    private static double near(double value, Random random) {
        return value * (1 + (random.nextDouble() * 2 - 1) * 1e-6);
    }

    @Test
    void manyScoresInAChainStillDecide() {
        // 300 boxes of the same object with scores from 0.5 to 0.5015: each is equal to the next, the first and last
        // are not.
        List<Detection> chain = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            chain.add(found(0, 0.5 + i * 5e-6, i * 0.005));
        }
        assertThat(HALF.apply(chain, 10)).containsExactly(chain.get(299));
    }

    @Test
    void theBestCandidatesOfManyAreKept() {
        Random random = new Random(5);
        float[] boxes = new float[4 * 3000];
        float[] scores = new float[2 * 3000];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = random.nextFloat();
        }
        float[] ascending = scores.clone();
        Arrays.sort(ascending);
        List<Detection> best = new DenseBoxes(2, boxes, scores).candidates(0.01f);
        assertThat(best).hasSize(1000);
        assertThat(best.stream().map(Detection::score).sorted().toList().get(0))
                .isCloseTo(ascending[5000], within(1e-5f));
    }

    @Test
    void candidatesAreTheBestBoxesOfEveryClass() {
        float[] boxes = {0, 0, 10, 20, 5, 6, 7, 8};
        float[] scores = {0.1f, 0.5f, 0.3f, 0.29f};
        assertThat(new DenseBoxes(2, boxes, scores).candidates(0.3f))
                .containsExactly(
                        new Detection(1, 0.5f, new Box(0, 0, 10, 20)), new Detection(0, 0.3f, new Box(5, 6, 2, 2)));
    }

    private static Detection found(int label, double score, double x) {
        return new Detection(label, (float) score, new Box(x, 0, 10, 10));
    }
}
