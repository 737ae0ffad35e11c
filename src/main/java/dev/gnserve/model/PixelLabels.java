package dev.gnserve.model;

import java.util.List;

/**
 * The labels that a pixel of a segmentation belongs to, by the probabilities of the output's channels. The one home of this
 * rule: results and the verification that judges whether a result changes must decide alike.
 *
 * <p>A pixel belongs to a label if the label's own probability is above the threshold. Where the model has a channel for
 * rims, that channel's probability is added to the label that is most probable at the pixel.
 *
 * <p>Probabilities come as planes [channels, {@code plane}]: one row, or a whole image. Immutable
 * and thread-safe.
 */
public final class PixelLabels {

    private static final int NONE = -1;

    /** Where the channel of each label is in the output. */
    private final int[] channels;

    /** Where the channel of the rims is, or {@value #NONE}. */
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

    /** Labels, numbered from 0 as the manifest lists them. */
    public int count() {
        return channels.length;
    }

    /** Which channel holds the label's own probability, without that of the rim. */
    public int channel(int label) {
        return channels[label];
    }

    /**
     * The probability that each pixel belongs to a label, the rim included: above 1 by rounding, or with sigmoid channels.
     *
     * @param probabilities planes of all channels, [channels, plane]; numbers, as {@link ClassProbabilities} makes them
     * @param plane pixels of a plane
     * @param into takes the label's probability of each pixel, [plane]
     */
    public void foreground(int label, float[] probabilities, int plane, float[] into) {
        int own = channels[label] * plane;
        System.arraycopy(probabilities, own, into, 0, plane);
        if (rim == NONE) {
            return;
        }
        // The probability of the most probable label: plane by plane, because such loops run in vectors.
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

    /** Whether a pixel of this foreground belongs to the label. */
    public boolean isIn(float foreground) {
        return foreground > threshold;
    }
}
