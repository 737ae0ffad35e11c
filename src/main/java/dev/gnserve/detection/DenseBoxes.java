package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
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

    /** Candidates of one input, at most. */
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
        return candidates(Collections.nCopies(classes, least));
    }

    /** As {@link #candidates(float)}, with a least score for each class, so that no class takes the places of one that counts. */
    List<Detection> candidates(List<Float> least) {
        return candidates(least, 0, boxes.length / 4, MOST_CANDIDATES);
    }

    /**
     * The best candidates of a range of locations, best first.
     *
     * @param least score of each class
     * @param from first location
     * @param to location after the last one
     * @param most candidates at most
     */
    List<Detection> candidates(List<Float> least, int from, int to, int most) {
        float[] floor = new float[classes];
        for (int label = 0; label < classes; label++) {
            floor[label] = least.get(label);
        }
        float lowest = lowest(floor, from, to, most);
        List<Detection> found = new ArrayList<>();
        for (int location = from; location < to; location++) {
            for (int label = 0; label < classes; label++) {
                float score = scores[location * classes + label];
                if (score >= floor[label] && score >= lowest) {
                    int at = location * 4;
                    Box box = Box.ofCorners(boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]);
                    found.add(new Detection(label, score, box));
                }
            }
        }
        List<Detection> sorted = CandidateOrder.bestFirst(found);
        return sorted.size() > most ? sorted.subList(0, most) : sorted;
    }

    /** A score that the best candidates reach, so that no more than necessary become objects. */
    private float lowest(float[] floor, int from, int to, int most) {
        int count = 0;
        for (int i = from * classes; i < to * classes; i++) {
            count += scores[i] >= floor[i % classes] ? 1 : 0;
        }
        if (count <= most) {
            return Float.NEGATIVE_INFINITY;
        }
        float[] ascending = new float[count];
        for (int i = from * classes, at = 0; i < to * classes; i++) {
            if (scores[i] >= floor[i % classes]) {
                ascending[at++] = scores[i];
            }
        }
        Arrays.sort(ascending);
        return CandidateOrder.lowest(ascending, most);
    }
}
