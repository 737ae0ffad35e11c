package dev.gnserve.workshop.training;

/** Crops and classes of one training step of a classifier, as the arrays that the engine takes. */
final class CellBatch {

    private final int count;
    private final int size;
    private final int classes;
    private final float[] planes;
    private final float[] oneHot;

    CellBatch(int count, int size, int classes) {
        this.count = count;
        this.size = size;
        this.classes = classes;
        planes = new float[count * 3 * size * size];
        oneHot = new float[count * classes];
    }

    void put(int item, CellCrops.Cell cell) {
        System.arraycopy(cell.planes(), 0, planes, item * cell.planes().length, cell.planes().length);
        oneHot[item * classes + cell.label()] = 1;
    }

    int count() {
        return count;
    }

    int size() {
        return size;
    }

    /** float32 [count, 3, size, size]. */
    float[] planes() {
        return planes;
    }

    /** float32 [count, classes]. */
    float[] oneHot() {
        return oneHot;
    }
}
