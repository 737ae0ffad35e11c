package dev.gnserve.detection;

import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Thresholds;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which detections count: the limits of a model, and those of a request in their place.
 *
 * @param scores least score of each label; infinite for labels that are not asked for
 * @param iou boxes with a larger overlap show the same object
 * @param asked whether the request asks for a suppression, also of a model that needs none
 * @param agnostic whether boxes of different labels suppress each other
 * @param most detections at most
 */
record DetectionLimits(List<Float> scores, float iou, boolean asked, boolean agnostic, int most) {

    DetectionLimits {
        scores = List.copyOf(scores);
    }

    /**
     * The limits for one request.
     *
     * @param threshold of all labels, or null for those of the model
     * @param iou or null for that of the model
     * @param most or null for that of the model
     * @param classes labels that count, or an empty list for all
     */
    static DetectionLimits of(
            ModelManifest manifest,
            @Nullable Float threshold,
            @Nullable Float iou,
            @Nullable Integer most,
            List<String> classes,
            boolean agnostic) {
        Thresholds own = manifest.thresholds();
        List<Float> scores = new ArrayList<>();
        for (int label = 0; label < manifest.labels().size(); label++) {
            float score = threshold == null ? own.score(label) : threshold;
            boolean counts =
                    classes.isEmpty() || classes.contains(manifest.labels().get(label));
            scores.add(counts ? score : Float.POSITIVE_INFINITY);
        }
        return new DetectionLimits(
                scores,
                iou == null ? own.iou() : iou,
                iou != null || agnostic,
                agnostic,
                most == null ? own.maxDetections() : most);
    }

    /** The least score that counts for any label. */
    float least() {
        float least = Float.POSITIVE_INFINITY;
        for (float score : scores) {
            least = Math.min(least, score);
        }
        return least;
    }

    boolean counts(int label, float score) {
        return score >= scores.get(label);
    }
}
