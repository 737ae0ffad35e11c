package dev.gnserve.verification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The same object in two predictions of a detector that selects its detections itself.
 *
 * <p>Such a detector returns any number of boxes, best first, and a rounding error can swap neighbours. So boxes of one label are
 * paired by their place.
 *
 * @param alone index of the detection in the first prediction, or {@value #NONE}
 * @param together index in the second prediction, or {@value #NONE}
 */
record DetectionPair(int alone, int together) {

    static final int NONE = -1;

    /** Boxes whose corners differ by more than this many pixels are different. */
    static final float SAME_BOX = 0.5f;

    /** Whether the outputs are boxes [D, 4], labels [D] and scores [D] of one image, without a batch axis. */
    static boolean arePairable(Map<String, Tensor> outputs) {
        return hasRank(outputs, "boxes", 2) && hasRank(outputs, "labels", 1) && hasRank(outputs, "scores", 1);
    }

    /** All detections of both predictions, whose outputs must be {@linkplain #arePairable pairable}. */
    static List<DetectionPair> of(Prediction alone, Prediction together) {
        float[] boxes = values(alone, "boxes");
        float[] labels = values(alone, "labels");
        float[] otherBoxes = values(together, "boxes");
        float[] otherLabels = values(together, "labels");
        boolean[] taken = new boolean[otherLabels.length];
        List<DetectionPair> pairs = new ArrayList<>();
        for (int i = 0; i < labels.length; i++) {
            int nearest = NONE;
            float least = SAME_BOX;
            for (int j = 0; j < otherLabels.length; j++) {
                float distance = distance(boxes, 4 * i, otherBoxes, 4 * j);
                boolean nearer = nearest == NONE ? distance <= least : distance < least;
                if (nearer && !taken[j] && labels[i] == otherLabels[j]) {
                    nearest = j;
                    least = distance;
                }
            }
            if (nearest != NONE) {
                taken[nearest] = true;
            }
            pairs.add(new DetectionPair(i, nearest));
        }
        for (int j = 0; j < taken.length; j++) {
            if (!taken[j]) {
                pairs.add(new DetectionPair(NONE, j));
            }
        }
        return pairs;
    }

    static int count(Prediction prediction) {
        return values(prediction, "labels").length;
    }

    boolean isInBoth() {
        return alone != NONE && together != NONE;
    }

    /** The label number, which is equal in both. */
    float label(Prediction first, Prediction second) {
        return alone == NONE ? values(second, "labels")[together] : values(first, "labels")[alone];
    }

    /** Whether the detection reaches the threshold in only one of the predictions. */
    boolean changes(Prediction first, Prediction second, float threshold) {
        return score(first, alone) >= threshold != score(second, together) >= threshold;
    }

    /** The score of a detection that is in only one of the predictions. */
    float scoreOf(Prediction first, Prediction second) {
        return Math.max(score(first, alone), score(second, together));
    }

    /** 0 if there is no detection. */
    private static float score(Prediction prediction, int detection) {
        return detection == NONE ? 0 : values(prediction, "scores")[detection];
    }

    private static float[] values(Prediction prediction, String output) {
        return Objects.requireNonNull(prediction.outputs().get(output)).floats();
    }

    private static boolean hasRank(Map<String, Tensor> outputs, String name, int rank) {
        Tensor output = outputs.get(name);
        return output != null && output.shape().rank() == rank;
    }

    /** The largest difference of the four coordinates. */
    private static float distance(float[] boxes, int at, float[] others, int otherAt) {
        float largest = 0;
        for (int corner = 0; corner < 4; corner++) {
            largest = Math.max(largest, Math.abs(boxes[at + corner] - others[otherAt + corner]));
        }
        return largest;
    }
}
