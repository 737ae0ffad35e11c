package dev.gnserve.workshop.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;

/**
 * Focal loss of the classes (Lin et al. 2017), generalized IoU of the boxes (Rezatofighi et al. 2019), cross-entropy of centre-ness, added up. Boxes
 * count by their centre-ness.
 */
final class FcosLoss {

    private static final float FOCAL_ALPHA = 0.25f;

    private FcosLoss() {}

    /**
     * The loss of a network's output, a scalar.
     *
     * @param output of {@link Fcos}
     * @param scale input pixels where the logarithm of a distance is 0, [1, locations, 1]
     */
    static NDArray of(NDList output, BoxBatch batch, NDArray scale, NDManager manager) {
        Shape one = new Shape(batch.count(), batch.locations(), 1);
        NDArray oneHot = manager.create(batch.oneHot(), new Shape(batch.count(), batch.locations(), batch.classes()));
        NDArray distances = manager.create(batch.distances(), new Shape(batch.count(), batch.locations(), 4));
        NDArray centreness = manager.create(batch.centreness(), one);
        NDArray positive = manager.create(batch.positive(), one);
        int positives = Math.max(1, batch.positives());

        NDArray focal = focal(output.get(0), oneHot).sum().div(positives);
        NDArray boxes = generalizedIou(output.get(1).exp().mul(scale), distances)
                .neg()
                .add(1)
                .mul(centreness)
                .sum()
                .div(Math.max(1, centreness.sum().getFloat()));
        NDArray centre =
                crossEntropy(output.get(2), centreness).mul(positive).sum().div(positives);
        return focal.add(boxes).add(centre);
    }

    /** Per value; gamma is 2. */
    static NDArray focal(NDArray logits, NDArray truth) {
        NDArray probability = Activation.sigmoid(logits);
        NDArray untruth = truth.neg().add(1);
        // One minus the probability of what is true.
        NDArray missing = probability.neg().add(1).mul(truth).add(probability.mul(untruth));
        NDArray alpha = truth.mul(FOCAL_ALPHA).add(untruth.mul(1 - FOCAL_ALPHA));
        return crossEntropy(logits, truth).mul(missing.mul(missing)).mul(alpha);
    }

    /** Binary, per value. */
    static NDArray crossEntropy(NDArray logits, NDArray truth) {
        return Activation.softPlus(logits).sub(logits.mul(truth));
    }

    /** Of boxes around one location, given by their distances [N, A, 4] to left, top, right, bottom; [N, A, 1]. */
    static NDArray generalizedIou(NDArray predicted, NDArray truth) {
        NDArray common = area(predicted.minimum(truth));
        NDArray union = area(predicted).add(area(truth)).sub(common);
        NDArray hull = area(predicted.maximum(truth));
        return common.div(union).sub(hull.sub(union).div(hull));
    }

    private static NDArray area(NDArray distances) {
        NDList sides = distances.split(new long[] {2}, 2);
        NDList widthAndHeight = sides.get(0).add(sides.get(1)).split(new long[] {1}, 2);
        return widthAndHeight.get(0).mul(widthAndHeight.get(1));
    }
}
