package dev.gnserve.workshop.training;

/** Crops and targets of one training step of a detector, as the arrays that the engine takes. */
final class BoxBatch {

    private final int count;
    private final int size;
    private final int classes;
    private final int locations;
    private final float[] planes;
    private final float[] oneHot;
    private final float[] distances;
    private final float[] centreness;
    private final float[] positive;
    private int positives;

    BoxBatch(int count, int size, int classes) {
        this.count = count;
        this.size = size;
        this.classes = classes;
        locations = FcosShape.locations(size, size);
        planes = new float[count * 3 * size * size];
        oneHot = new float[count * locations * classes];
        distances = new float[count * locations * 4];
        centreness = new float[count * locations];
        positive = new float[count * locations];
    }

    void put(int item, float[] cropPlanes, FcosTarget target) {
        System.arraycopy(cropPlanes, 0, planes, item * cropPlanes.length, cropPlanes.length);
        System.arraycopy(target.distances(), 0, distances, item * locations * 4, locations * 4);
        System.arraycopy(target.centreness(), 0, centreness, item * locations, locations);
        for (int i = 0; i < locations; i++) {
            int label = target.labels()[i];
            if (label >= 0) {
                oneHot[(item * locations + i) * classes + label] = 1;
                positive[item * locations + i] = 1;
                positives++;
            }
        }
    }

    int count() {
        return count;
    }

    int size() {
        return size;
    }

    int locations() {
        return locations;
    }

    int classes() {
        return classes;
    }

    /** float32 [count, 3, size, size]. */
    float[] planes() {
        return planes;
    }

    /** float32 [count, locations, classes]. */
    float[] oneHot() {
        return oneHot;
    }

    /** float32 [count, locations, 4], pixels. */
    float[] distances() {
        return distances;
    }

    /** float32 [count, locations, 1]. */
    float[] centreness() {
        return centreness;
    }

    /** float32 [count, locations, 1]: 1 where there is an object. */
    float[] positive() {
        return positive;
    }

    /** Locations with an object. */
    int positives() {
        return positives;
    }
}
