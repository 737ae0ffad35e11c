package dev.gnserve.model;

/**
 * From which probability on something counts, and how large an object must be.
 *
 * @param mask a pixel belongs to a class from this probability on; a request may ask for another
 * @param seed an object grows from pixels of at least this probability
 * @param minimumSeedArea pixels that such a seed needs
 * @param minimumArea objects of fewer pixels are left out
 * @param score a box counts from this score on; a request may ask for another
 * @param iou boxes of one class that overlap more than this are one object
 * @param maxDetections boxes per image at most, the best; a request may ask for fewer or more
 */
public record Thresholds(
        float mask, float seed, int minimumSeedArea, int minimumArea, float score, float iou, int maxDetections) {

    /** More boxes than this are never told of one image. */
    public static final int MOST_DETECTIONS = 10_000;

    public Thresholds {
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
