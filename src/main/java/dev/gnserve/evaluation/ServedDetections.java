package dev.gnserve.evaluation;

import dev.gnserve.detection.DetectionTask;
import dev.gnserve.detection.Detections;
import dev.gnserve.model.Thresholds;

/** What a detector finds, and the part of it that a request without parameters is answered with. */
final class ServedDetections {

    /** The curve of precision needs boxes of low scores too, not only those that are served. */
    private static final float LEAST_SCORE = 0.01f;

    private ServedDetections() {}

    /** Finds all that is served, and at least what average precision counts. */
    static DetectionTask all(Thresholds thresholds, int labels) {
        float least = LEAST_SCORE;
        for (int label = 0; label < labels; label++) {
            least = Math.min(least, thresholds.score(label));
        }
        return DetectionTask.of(least, Math.max(AveragePrecision.MOST_PER_IMAGE, thresholds.maxDetections()));
    }

    /** Those of all that are served: the thresholds of the model, and its number of boxes, count. */
    static Detections of(Detections all, Thresholds thresholds) {
        return new Detections(
                all.image(),
                all.labels(),
                all.detections().stream()
                        .filter(detection -> detection.score() >= thresholds.score(detection.label()))
                        .limit(thresholds.maxDetections())
                        .toList());
    }
}
