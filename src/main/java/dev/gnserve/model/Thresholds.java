package dev.gnserve.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Limits for pixels, objects and boxes.
 *
 * @param mask a pixel belongs to a class above this probability; a request may set another
 * @param seed an object grows from pixels of at least this probability
 * @param minimumSeedArea smallest number of pixels of such a seed
 * @param minimumArea smaller objects, in pixels, are left out
 * @param score boxes with a lower score are left out; a request may set another
 * @param iou boxes of one class with a larger overlap are one object
 * @param maxDetections largest number of boxes per image, the best ones; a request may set another
 * @param scores least score of each label, in the order of the labels, in place of {@code score}; may be empty
 * @param masks the same in place of {@code mask}; may be empty
 */
public record Thresholds(
        float mask,
        float seed,
        int minimumSeedArea,
        int minimumArea,
        float score,
        float iou,
        int maxDetections,
        @Nullable List<Float> scores,
        @Nullable List<Float> masks) {

    /** Upper limit of the boxes per image. */
    public static final int MOST_DETECTIONS = 10_000;

    /** The same with another threshold for seeds. */
    Thresholds withSeed(float another) {
        return new Thresholds(mask, another, minimumSeedArea, minimumArea, score, iou, maxDetections, scores, masks);
    }

    /** The least score of a label, by its index. */
    public float score(int label) {
        return scores == null || scores.isEmpty() ? score : scores.get(label);
    }

    /** The probability above which a pixel belongs to a label, by its index. */
    public float mask(int label) {
        return masks == null || masks.isEmpty() ? mask : masks.get(label);
    }

    public Thresholds {
        scores = scores == null ? List.of() : List.copyOf(scores);
        masks = masks == null ? List.of() : List.copyOf(masks);
        if (!(mask >= 0 && mask <= 1 && seed >= 0 && seed <= 1)) {
            throw new IllegalArgumentException(
                    "thresholds mask and seed are " + mask + " and " + seed + ", allowed is 0 to 1");
        }
        if (!(score >= 0 && score <= 1 && iou >= 0 && iou <= 1)) {
            throw new IllegalArgumentException(
                    "thresholds score and iou are " + score + " and " + iou + ", allowed is 0 to 1");
        }
        if (maxDetections < 1 || maxDetections > MOST_DETECTIONS) {
            throw new IllegalArgumentException(
                    "maxDetections is " + maxDetections + ", allowed is 1 to " + MOST_DETECTIONS);
        }
        if (minimumSeedArea < 0 || minimumArea < 0) {
            throw new IllegalArgumentException(
                    "areas are " + minimumSeedArea + " and " + minimumArea + " pixels, allowed is 0 or more");
        }
    }
}
