package dev.gnserve.model;

import dev.gnserve.backend.Prediction;
import dev.gnserve.image.PlanarImage;
import java.util.List;

/**
 * How objects are found between boundaries with the decoder watershed, which goes with volumes. The defaults are those of PlantSeg's
 * {@code dt_watershed}. Lists are in the order of the model's axes.
 *
 * @param threshold a voxel is on a boundary if its probability is above this
 * @param seedSigma deviation of the Gaussian that smooths the distances to boundaries, in voxels; 0: none
 * @param boundarySigma deviation of the Gaussian that smooths the probabilities, in voxels; 0: none
 * @param minimumArea objects of fewer voxels go to their neighbours
 * @param alpha part of the probabilities in the relief that is flooded; the rest are distances
 * @param pitch sides of a voxel, for distances
 * @param planes whether each plane of the first axis has objects of its own
 */
public record WatershedSpec(
        float threshold,
        float seedSigma,
        float boundarySigma,
        int minimumArea,
        float alpha,
        List<Double> pitch,
        boolean planes)
        implements InstanceSpec {

    public WatershedSpec {
        pitch = List.copyOf(pitch);
        if (pitch.size() != 3) {
            throw new IllegalArgumentException(
                    "pitch is " + pitch + "; allowed is one number for each of the model's three axes");
        }
    }

    /** The probabilities of the boundaries, and a bit for each voxel of the label. */
    @Override
    public int bytesPerPixel() {
        return Float.BYTES + 1;
    }

    /** Numbers of objects, the relief, and what the flood needs or the smoothing of the probabilities. */
    public int floodBytesPerPixel() {
        return Integer.BYTES + Float.BYTES + 2 * Integer.BYTES;
    }

    @Override
    public void require(ModelManifest manifest, Prediction prediction) {
        OutputFit.requireVolume(manifest, manifest.output().logits(prediction));
        ClassProbabilities.of(prediction, manifest.output());
    }

    /** For each voxel whether it is on a boundary, and whether it is of the label. */
    @Override
    public int[] decisions(ModelManifest manifest, Prediction prediction) {
        OutputSpec output = manifest.output();
        PlanarImage probabilities = ClassProbabilities.of(prediction, output);
        float[] values = probabilities.values();
        int[] decisions = new int[values.length / output.channels().size()];
        for (int channel = 0; channel < output.channels().size(); channel++) {
            boolean boundary = output.channels().get(channel).equals(OutputSpec.BOUNDARY);
            for (int i = 0; i < decisions.length; i++) {
                boolean above = values[channel * decisions.length + i]
                        > (boundary ? threshold : manifest.thresholds().mask());
                decisions[i] |= above ? 1 << channel : 0;
            }
        }
        return decisions;
    }
}
