package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.LabelMap;
import dev.gnserve.image.PlanarImage;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;

/**
 * The objects of SOLOv2 (Wang et al. 2020, sections 3.1 to 3.3, and the authors' code): each place with a high score has a kernel; the
 * kernel applied to the features is the object's mask; matrix suppression lowers the scores of masks that overlap better ones.
 */
public final class SoloSegments {

    /** Least score of a place, of the authors' code. */
    private static final float LEAST_SCORE = 0.1f;

    /** Least score after the suppression. */
    private static final float LEAST_AFTER = 0.05f;

    /** Masks that take part in the suppression, at most. */
    private static final int MOST = 500;

    private static final double SIGMA = 2;

    private SoloSegments() {}

    @SuppressWarnings("ArrayRecordComponent") // Compared never.
    private record Mask(int label, float score, float[] probabilities, BitSet inside) {}

    /**
     * Finds the objects of one input.
     *
     * @param labels number of labels
     * @param least lowest score
     * @param threshold a pixel belongs to a mask above this probability
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if the outputs are others
     */
    public static void find(
            SoloSpec spec,
            int labels,
            Prediction prediction,
            int width,
            int height,
            float least,
            float threshold,
            QuerySegments.Sink sink) {
        SoloOutputs outputs = SoloOutputs.of(prediction, labels);
        List<Mask> masks = masks(spec, outputs, threshold);
        masks.sort(Comparator.comparingDouble(Mask::score).reversed());
        List<Mask> best = masks.subList(0, Math.min(masks.size(), MOST));
        double[] decay = decay(best);
        int maskHeight = outputs.features().shape().size(1);
        int maskWidth = outputs.features().shape().size(2);
        for (int i = 0; i < best.size(); i++) {
            float score = (float) (best.get(i).score() * decay[i]);
            if (score >= Math.max(least, LEAST_AFTER)) {
                PlanarImage whole =
                        new PlanarImage(1, maskHeight, maskWidth, best.get(i).probabilities()).resizedTo(width, height);
                float[] inside = new float[whole.values().length];
                for (int at = 0; at < inside.length; at++) {
                    inside[at] = whole.values()[at] > threshold ? 1 : 0;
                }
                sink.add(new QuerySegments.Segment(
                        best.get(i).label(),
                        score,
                        new PlanarImage(1, height, width, inside),
                        new LabelMap.Region(0, 0, width, height)));
            }
        }
    }

    private static List<Mask> masks(SoloSpec spec, SoloOutputs outputs, float threshold) {
        List<Integer> strides = spec.strides(outputs.scores().size());
        List<Mask> masks = new ArrayList<>();
        for (int level = 0; level < strides.size(); level++) {
            int side = outputs.scores().get(level).shape().size(1);
            float[] scores = outputs.scores().get(level).floats();
            float[] kernels = outputs.kernels().get(level).floats();
            int places = side * side;
            for (int place = 0; place < places; place++) {
                float[] probabilities = null;
                for (int label = 0; label < outputs.labels(); label++) {
                    int at = label * places + place;
                    if (!(scores[at] > LEAST_SCORE) || (spec.peaks() && !isPeak(scores, at, place, side))) {
                        continue;
                    }
                    if (probabilities == null) {
                        probabilities = mask(outputs, kernels, place, places);
                    }
                    add(masks, label, scores[at], probabilities, threshold, strides.get(level));
                }
            }
        }
        return masks;
    }

    /** As {@code max_pool2d(2, stride=1, padding=1)} without its last row and column. */
    private static boolean isPeak(float[] scores, int at, int place, int side) {
        boolean left = place % side > 0;
        boolean above = place >= side;
        return !(left && scores[at - 1] > scores[at])
                && !(above && scores[at - side] > scores[at])
                && !(left && above && scores[at - side - 1] > scores[at]);
    }

    /** The probabilities of a mask: a convolution of 1 x 1 pixel, then a sigmoid. */
    private static float[] mask(SoloOutputs outputs, float[] kernels, int place, int places) {
        int channels = outputs.features().shape().size(0);
        float[] features = outputs.features().floats();
        int pixels = features.length / channels;
        float[] mask = new float[pixels];
        for (int channel = 0; channel < channels; channel++) {
            float weight = kernels[channel * places + place];
            for (int i = 0, at = channel * pixels; i < pixels; i++, at++) {
                mask[i] += weight * features[at];
            }
        }
        for (int i = 0; i < pixels; i++) {
            mask[i] = HeadGrid.sigmoid(mask[i]);
        }
        return mask;
    }

    /** The score becomes that of the place times the mean probability of the mask. */
    private static void add(
            List<Mask> masks, int label, float score, float[] probabilities, float threshold, int leastPixels) {
        BitSet inside = new BitSet(probabilities.length);
        double sum = 0;
        for (int i = 0; i < probabilities.length; i++) {
            if (probabilities[i] > threshold) {
                inside.set(i);
                sum += probabilities[i];
            }
        }
        int count = inside.cardinality();
        if (count > leastPixels) {
            masks.add(new Mask(label, (float) (score * sum / count), probabilities, inside));
        }
    }

    /** The factors of the scores, eq. 5 of the paper with a Gaussian decay. */
    private static double[] decay(List<Mask> masks) {
        int count = masks.size();
        double[] most = new double[count];
        double[] decay = new double[count];
        for (int j = 0; j < count; j++) {
            decay[j] = 1;
            for (int i = 0; i < j; i++) {
                if (masks.get(i).label() == masks.get(j).label()) {
                    double iou = iou(masks.get(i).inside(), masks.get(j).inside());
                    most[j] = Math.max(most[j], iou);
                    decay[j] = Math.min(decay[j], Math.exp(-SIGMA * (iou * iou - most[i] * most[i])));
                }
            }
        }
        return decay;
    }

    private static double iou(BitSet one, BitSet other) {
        BitSet common = (BitSet) one.clone();
        common.and(other);
        double both = common.cardinality();
        return both == 0 ? 0 : both / (one.cardinality() + other.cardinality() - both);
    }
}
