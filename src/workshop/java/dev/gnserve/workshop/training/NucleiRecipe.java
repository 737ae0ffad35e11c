package dev.gnserve.workshop.training;

import dev.gnserve.archive.ScriptModule;
import dev.gnserve.image.Normalization;
import dev.gnserve.segmentation.ObjectFinder;
import java.util.List;

/**
 * All that decides the outcome of a run on nuclei, but for the data.
 *
 * @param steps optimizer steps
 * @param crops crops per step and replica
 * @param cropSize side of a crop, pixels
 * @param peakLearningRate see {@link OneCycle}
 * @param seed of the initial weights and of everything that is drawn
 */
public record NucleiRecipe(int steps, int crops, int cropSize, double peakLearningRate, long seed, UNetShape network)
        implements Recipe {

    /** What the embedded model was trained with. */
    public static final NucleiRecipe DEFAULT = new NucleiRecipe(
            8000,
            3,
            160,
            2e-3,
            1,
            new UNetShape(3, List.of(16, 32, 64, 64, 96), new Norm.Group(8), SegmentationTarget.CLASSES));

    static final Normalization NORMALIZATION = new Normalization.Percentile(1, 99.8f, 16);
    static final ObjectFinder OBJECT_FINDER = new ObjectFinder(0.5f, 0.65f, 6, 20);

    static final int REPLICAS = 2;
    static final double WEIGHT_DECAY = 0.02;
    static final double AVERAGE_DECAY = 0.998;

    public NucleiRecipe {
        if (steps < 1 || crops < 1 || cropSize % network.multiple() != 0) {
            throw new IllegalArgumentException("steps and crops must be positive and the crop size a multiple of "
                    + network.multiple() + ", not " + steps + ", " + crops + ", " + cropSize);
        }
    }

    @Override
    public NucleiRecipe withSteps(int newSteps) {
        return new NucleiRecipe(newSteps, crops, cropSize, peakLearningRate, seed, network);
    }

    public NucleiRecipe withSeed(long newSeed) {
        return new NucleiRecipe(steps, crops, cropSize, peakLearningRate, newSeed, network);
    }

    @Override
    public String archiveName() {
        return "unet";
    }

    @Override
    public ScriptModule script(float[] weights) {
        try (TrainableUNet unet = new TrainableUNet(network)) {
            return unet.script(weights, false);
        }
    }
}
