package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.List;

/** The boxes of a dense detector for one input, one for each location, before the suppression. Arrays are shared, not copied. */
public final class DenseBoxes {

    /** Candidates of one input, at most: the suppression compares each with each. */
    private static final int MOST_CANDIDATES = 1000;

    private final int classes;
    private final float[] boxes;
    private final float[] scores;

    /**
     * Boxes with their scores.
     *
     * @param classes scores of a box
     * @param boxes float32 [locations, 4]: left, top, right, bottom in input pixels
     * @param scores float32 [locations, classes]: 0 to 1
     * @throws IllegalArgumentException if their lengths do not match
     */
    public DenseBoxes(int classes, float[] boxes, float[] scores) {
        if (classes < 1 || boxes.length % 4 != 0 || scores.length != boxes.length / 4 * classes) {
            throw new IllegalArgumentException(
                    boxes.length / 4 + " boxes do not match " + scores.length + " scores of " + classes + " classes");
        }
        this.classes = classes;
        this.boxes = boxes;
        this.scores = scores;
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
