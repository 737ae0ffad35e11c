package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.List;

/**
 * The boxes of a dense detector for one input, one for each location, before the suppression. Arrays are shared, not copied.
 *
 * @param classes scores of a box
 * @param boxes float32 [locations, 4]: left, top, right, bottom in input pixels
 * @param scores float32 [locations, classes]: 0 to 1
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record DenseBoxes(int classes, float[] boxes, float[] scores) {

    /** Candidates of one input, at most: the suppression compares each with each. */
    private static final int MOST_CANDIDATES = 1000;

    /** @throws IllegalArgumentException if the lengths do not match */
    public DenseBoxes {
        if (classes < 1 || boxes.length % 4 != 0 || scores.length != boxes.length / 4 * classes) {
            throw new IllegalArgumentException(
                    boxes.length / 4 + " boxes do not match " + scores.length + " scores of " + classes + " classes");
        }
    }

    /** The best {@value #MOST_CANDIDATES} candidates with at least this score, best first. A box is one candidate for each class. */
    public List<Detection> candidates(float least) {
        List<Detection> found = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            if (scores[i] >= least) {
                int at = i / classes * 4;
                Box box = Box.ofCorners(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]);
                found.add(new Detection(i % classes, scores[i], box));
            }
        }
        found.sort(NonMaximumSuppression.BEST_FIRST);
        return found.size() > MOST_CANDIDATES ? List.copyOf(found.subList(0, MOST_CANDIDATES)) : found;
    }
}
