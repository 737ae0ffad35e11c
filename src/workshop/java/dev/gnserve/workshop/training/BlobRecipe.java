package dev.gnserve.workshop.training;

import dev.gnserve.archive.ScriptModule;
import java.util.List;

/**
 * All that decides the outcome of a run on made volumes.
 *
 * @param steps optimizer steps; each sees a new volume
 * @param depth of a volume, voxels
 * @param side height and width
 * @param peakLearningRate see {@link OneCycle}
 * @param seed of the initial weights and the volumes
 */
public record BlobRecipe(int steps, int depth, int side, double peakLearningRate, long seed, UNetShape network)
        implements Recipe {

    /** What the example was trained with. */
    public static final BlobRecipe DEFAULT =
            new BlobRecipe(600, 24, 48, 4e-3, 1, new UNetShape(1, List.of(8, 16, 32), new Norm.Group(4), 2));

    static final double WEIGHT_DECAY = 0.01;
    static final double AVERAGE_DECAY = 0.98;

    public BlobRecipe {
        if (steps < 1 || depth % network.multiple() != 0 || side % network.multiple() != 0) {
            throw new IllegalArgumentException("steps must be positive, and depth and side multiples of "
                    + network.multiple() + ", not " + steps + ", " + depth + ", " + side);
        }
    }

    @Override
    public BlobRecipe withSteps(int newSteps) {
        return new BlobRecipe(newSteps, depth, side, peakLearningRate, seed, network);
    }

    public BlobRecipe withSeed(long newSeed) {
        return new BlobRecipe(steps, depth, side, peakLearningRate, newSeed, network);
    }

    @Override
    public String archiveName() {
        return "unet3d";
    }

    @Override
    public ScriptModule script(float[] weights) {
        try (TrainableBlobs blobs = new TrainableBlobs(network)) {
            return blobs.script(weights, false);
        }
    }
}
