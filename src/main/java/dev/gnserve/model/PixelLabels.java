package dev.gnserve.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rule by which pixels of a segmentation belong to labels. Both the results and the verification use it, so that they always
 * decide the same. Immutable and thread-safe.
 *
 * <p>Where classes exclude each other, a pixel belongs to its most probable channel, background included; of equal channels the
 * first counts. Else it belongs to each label whose probability is above the threshold; if the model has a channel for rims, its
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

    private final boolean exclusive;
    private final int planes;
    private final float atLeast;
    /** The probability of each label above which a pixel belongs to it. */
    private final float[] thresholds;

    /** The rule of a model's manifest. */
    public PixelLabels(ModelManifest manifest) {
        this(manifest, manifest.output().exclusive(), null);
    }

    /**
     * The rule that a pixel belongs to each label whose probability is high enough.
     *
     * @param threshold probability above which it does, for all labels
     */
    public PixelLabels(ModelManifest manifest, float threshold) {
        this(manifest, false, threshold);
    }

    private PixelLabels(ModelManifest manifest, boolean exclusive, @Nullable Float threshold) {
        List<String> names = manifest.output().channels();
        channels = manifest.labels().stream().mapToInt(names::indexOf).toArray();
        rim = names.indexOf(OutputSpec.BOUNDARY);
        this.exclusive = exclusive;
        planes = names.size();
        atLeast = manifest.output().atLeast();
        thresholds = new float[channels.length];
        for (int label = 0; label < channels.length && !exclusive; label++) {
            thresholds[label] = threshold == null ? manifest.thresholds().mask(label) : threshold;
        }
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
     * Computes the probability that each pixel belongs to a label, rim included. With the rim it is at most 1: the sum could exceed 1
     * by rounding, or with sigmoid channels. Where classes exclude each other, it is 0 for a pixel of another class.
     *
     * @param probabilities planes of all channels, [channels, plane], without NaN, as from {@link ClassProbabilities}
     * @param plane number of pixels of a plane
     * @param into receives the probabilities, [plane]
     */
    public void foreground(int label, float[] probabilities, int plane, float[] into) {
        int own = channels[label] * plane;
        System.arraycopy(probabilities, own, into, 0, plane);
        if (exclusive) {
            keepHighest(channels[label], probabilities, plane, into);
            return;
        }
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
            into[i] = interior >= into[i] ? Math.min(1, interior + probabilities[rims + i]) : interior;
        }
    }

    /** Sets the pixels to 0 that have a more probable channel, or an equal one that comes first. */
    private void keepHighest(int own, float[] probabilities, int plane, float[] into) {
        for (int channel = 0; channel < planes; channel++) {
            int other = channel * plane;
            for (int i = 0; i < plane; i++) {
                float another = probabilities[other + i];
                boolean higher = channel < own ? another >= into[i] : another > into[i];
                into[i] = higher ? 0 : into[i];
            }
        }
        for (int i = 0; i < plane; i++) {
            into[i] = into[i] < atLeast ? 0 : into[i];
        }
    }

    /** Whether a pixel with this probability belongs to the label. */
    public boolean isIn(int label, float foreground) {
        return foreground > thresholds[label];
    }
}
