package dev.gnserve.verification;

import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What two runs of a detector that chooses for itself made of one object of an image.
 *
 * <p>Such a detector gives as many boxes as it finds, best first: a rounding error can exchange neighbours. So boxes of one
 * label are paired by their place.
 *
 * @param alone which detection of the first run, or {@value #NONE}
 * @param together which of the second
 */
record DetectionPair(int alone, int together) {

    static final int NONE = -1;

    /** A box that lies elsewhere by more than this many pixels is another. */
    static final float SAME_BOX = 0.5f;

    /** Whether these are boxes [D, 4], labels [D] and scores [D] of one image, and no batch of them. */
    static boolean arePairable(Map<String, Tensor> outputs) {
        return hasRank(outputs, "boxes", 2) && hasRank(outputs, "labels", 1) && hasRank(outputs, "scores", 1);
    }

    /** Every detection of both, once; outputs of both are {@linkplain #arePairable pairable}. */
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

    /** The label's number, which is the same in both. */
    float label(Prediction first, Prediction second) {
        return alone == NONE ? values(second, "labels")[together] : values(first, "labels")[alone];
    }

    /** Whether it counts in the one run and not in the other. */
    boolean changes(Prediction first, Prediction second, float threshold) {
        return score(first, alone) >= threshold != score(second, together) >= threshold;
    }

    /** The score of one that is in one of the runs only. */
    float scoreOf(Prediction first, Prediction second) {
        return Math.max(score(first, alone), score(second, together));
    }

    /** That of one that is not there is 0. */
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

    /** The largest of the four corners' distances. */
    private static float distance(float[] boxes, int at, float[] others, int otherAt) {
        float largest = 0;
        for (int corner = 0; corner < 4; corner++) {
            largest = Math.max(largest, Math.abs(boxes[at + corner] - others[otherAt + corner]));
        }
        return largest;
    }
}
