package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** Weighted cross-entropy plus soft Dice (Milletari et al. 2016), averaged over the classes. */
final class SegmentationLoss {

    private static final int[] ALL_BUT_CLASSES = {0, 2, 3};

    private SegmentationLoss() {}

    /** The loss of logits [N, classes, H, W] against the batch they come from, a scalar. */
    static NDArray of(NDArray logits, CropBatch batch, NDManager manager) {
        Shape shape = logits.getShape();
        NDArray oneHot = manager.create(batch.oneHot(), shape);
        NDArray weights = manager.create(batch.weights(), new Shape(shape.get(0), 1, shape.get(2), shape.get(3)));

        NDArray logProbabilities = logits.logSoftmax(1);
        NDArray crossEntropy = logProbabilities
                .mul(oneHot.mul(weights))
                .sum()
                .neg()
                .div(weights.sum().getFloat());

        NDArray probabilities = logProbabilities.exp();
        NDArray common = probabilities.mul(oneHot).sum(ALL_BUT_CLASSES);
        NDArray both = probabilities.sum(ALL_BUT_CLASSES).add(oneHot.sum(ALL_BUT_CLASSES));
        // One is added to both sides of the fraction, so that a class absent from truth and prediction is no error.
        NDArray dice = common.mul(2).add(1).div(both.add(1)).mean();
        return crossEntropy.add(dice.neg().add(1));
    }
}
