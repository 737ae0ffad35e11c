package dev.gnserve.workshop.training;

import dev.gnserve.archive.ScriptModule;
import dev.gnserve.evaluation.BloodCellData;
import dev.gnserve.evaluation.Fold;
import dev.gnserve.image.Normalization;
import java.util.List;

/**
 * All that decides the outcome of a run on blood cells, but for the data.
 *
 * @param steps optimizer steps
 * @param crops crops per step and replica
 * @param cropSize side of a crop, pixels
 * @param peakLearningRate see {@link OneCycle}
 * @param seed of the initial weights and of everything that is drawn
 * @param fold part of the images that is held back
 */
public record BloodCellRecipe(
        int steps, int crops, int cropSize, double peakLearningRate, long seed, Fold fold, FcosShape network)
        implements Recipe {

    /** What the embedded model was trained with. */
    public static final BloodCellRecipe DEFAULT = new BloodCellRecipe(
            1800,
            2,
            384,
            2e-3,
            1,
            Fold.NONE,
            new FcosShape(List.of(16, 32, 64, 96, 128), 64, new Norm.Group(8), BloodCellData.LABELS.size()));

    /** From 0..1; model.yaml says the same from 0..255. */
    private static final Normalization NORMALIZATION =
            new Normalization.Fixed(1, List.of(0.5f, 0.5f, 0.5f), List.of(0.25f, 0.25f, 0.25f));

    static final int REPLICAS = 2;
    static final double WEIGHT_DECAY = 0.02;
    static final double AVERAGE_DECAY = 0.997;

    public BloodCellRecipe {
        if (steps < 1 || crops < 1 || cropSize % network.multiple() != 0) {
            throw new IllegalArgumentException("steps and crops must be positive and the crop size a multiple of "
                    + network.multiple() + ", not " + steps + ", " + crops + ", " + cropSize);
        }
    }

    @Override
    public BloodCellRecipe withSteps(int newSteps) {
        return new BloodCellRecipe(newSteps, crops, cropSize, peakLearningRate, seed, fold, network);
    }

    public BloodCellRecipe withSeed(long newSeed) {
        return new BloodCellRecipe(steps, crops, cropSize, peakLearningRate, newSeed, fold, network);
    }

    public BloodCellRecipe withFold(Fold newFold) {
        return new BloodCellRecipe(steps, crops, cropSize, peakLearningRate, seed, newFold, network);
    }

    @Override
    public String archiveName() {
        return "fcos";
    }

    @Override
    public ScriptModule script(float[] weights) {
        try (TrainableFcos fcos = new TrainableFcos(network)) {
            return fcos.script(weights, false);
        }
    }

    /** From 0..1 to what the network takes, in place. */
    static void normalize(float[] planes) {
        NORMALIZATION.apply(planes, 3);
    }
}
