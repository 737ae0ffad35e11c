package dev.gnserve.workshop.training;

/** Crops and targets of one training step, as the arrays that the engine takes. */
final class CropBatch {

    private final int count;
    private final int size;
    private final float[] planes;
    private final float[] oneHot;
    private final float[] weights;

    CropBatch(int count, int size) {
        this(count, 3, size);
    }

    CropBatch(int count, int channels, int size) {
        this.count = count;
        this.size = size;
        planes = new float[count * channels * size * size];
        oneHot = new float[count * SegmentationTarget.CLASSES * size * size];
        weights = new float[count * size * size];
    }

    void put(int item, float[] cropPlanes, SegmentationTarget target) {
        int pixels = size * size;
        System.arraycopy(cropPlanes, 0, planes, item * cropPlanes.length, cropPlanes.length);
        System.arraycopy(target.weights(), 0, weights, item * pixels, pixels);
        for (int i = 0; i < pixels; i++) {
            oneHot[(item * SegmentationTarget.CLASSES + target.classes()[i]) * pixels + i] = 1;
        }
    }

    int count() {
        return count;
    }

    int size() {
        return size;
    }

    /** float32 [count, channels, size, size]. */
    float[] planes() {
        return planes;
    }

    /** float32 [count, classes, size, size]. */
    float[] oneHot() {
        return oneHot;
    }

    /** float32 [count, 1, size, size]. */
    float[] weights() {
        return weights;
    }
}
