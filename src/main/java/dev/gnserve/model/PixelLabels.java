package dev.gnserve.model;

import java.util.List;

/**
 * The rule by which pixels of a segmentation belong to labels. Both the results and the verification use it, so that they always
 * decide the same. Immutable and thread-safe.
 *
 * <p>A pixel belongs to a label if the label's probability is above the threshold. If the model has a channel for rims, its
 * probability is added to the most probable label of the pixel.
 *
 * <p>Probabilities are planes [channels, {@code plane}]: of one row, or of a whole image.
 */
public final class PixelLabels {

    private static final int NONE = -1;

    /** The output channel of each label. */
    private final int[] channels;

    /** The output channel of the rims, or {@value #NONE}. */
    private final int rim;

    private final float threshold;

    /**
     * The rule for one model.
     *
     * @param threshold probability above which a pixel belongs to a label
     */
    public PixelLabels(ModelManifest manifest, float threshold) {
        List<String> names = manifest.output().channels();
        channels = manifest.labels().stream().mapToInt(names::indexOf).toArray();
        rim = names.indexOf(OutputSpec.BOUNDARY);
        this.threshold = threshold;
    }

    /** The number of labels. They are numbered from 0 in the order of the manifest. */
    public int count() {
        return channels.length;
    }

    /** The channel with the label's probability, without the rim. */
    public int channel(int label) {
        return channels[label];
    }

    /**
     * Computes the probability that each pixel belongs to a label, rim included. It can exceed 1 by rounding, or with sigmoid
     * channels.
     *
     * @param probabilities planes of all channels, [channels, plane], without NaN, as from {@link ClassProbabilities}
     * @param plane number of pixels of a plane
     * @param into receives the probabilities, [plane]
     */
    public void foreground(int label, float[] probabilities, int plane, float[] into) {
        int own = channels[label] * plane;
        System.arraycopy(probabilities, own, into, 0, plane);
        if (rim == NONE) {
            return;
        }
        // The probability of the most probable label. Plane by plane, because the compiler vectorizes such loops.
        for (int channel : channels) {
            int other = channel * plane;
            if (other != own) {
                for (int i = 0; i < plane; i++) {
                    into[i] = Math.max(into[i], probabilities[other + i]);
                }
            }
        }
        int rims = rim * plane;
        for (int i = 0; i < plane; i++) {
            float interior = probabilities[own + i];
            into[i] = interior + (interior >= into[i] ? probabilities[rims + i] : 0);
        }
    }

    /** Whether a pixel with this probability belongs to the label. */
    public boolean isIn(float foreground) {
        return foreground > threshold;
    }
}
