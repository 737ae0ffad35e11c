package dev.gnserve.training;

/**
 * What the network is to say about each pixel: background, interior or boundary of a nucleus, and how much the pixel counts.
 *
 * <p>The boundary is the rim of a nucleus, so that touching nuclei never have touching interiors. Pixels between two nuclei are few and decide
 * whether objects merge: they count most.
 */
final class SegmentationTarget {

    static final byte BACKGROUND = 0;
    static final byte INTERIOR = 1;
    static final byte BOUNDARY = 2;
    static final int CLASSES = 3;

    private static final int RIM = 2;
    /** Nuclei below this area (pixels) have a rim of one pixel only, else nothing of them would be interior. */
    private static final int SMALL_AREA = 70;

    private static final float BOUNDARY_WEIGHT = 3;
    private static final float TOUCHING_WEIGHT = 6;

    private final byte[] classes;
    private final float[] weights;

    private SegmentationTarget(byte[] classes, float[] weights) {
        this.classes = classes;
        this.weights = weights;
    }

    /** int8 [height, width] of {@link #BACKGROUND}, {@link #INTERIOR}, {@link #BOUNDARY}. */
    byte[] classes() {
        return classes;
    }

    /** float32 [height, width]. */
    float[] weights() {
        return weights;
    }

    /** The target of a label map [height, width], 0 for background. */
    static SegmentationTarget of(int[] ids, int width, int height) {
        int most = 0;
        for (int id : ids) {
            most = Math.max(most, id);
        }
        int[] areas = new int[most + 1];
        for (int id : ids) {
            areas[id]++;
        }
        byte[] classes = new byte[ids.length];
        float[] weights = new float[ids.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                int id = ids[at];
                int rim = id != 0 && areas[id] < SMALL_AREA ? 1 : RIM;
                boolean atRim = false;
                int neighbour = 0;
                boolean touching = false;
                for (int dy = -RIM; dy <= RIM; dy++) {
                    for (int dx = -RIM; dx <= RIM; dx++) {
                        int nx = x + dx;
                        int ny = y + dy;
                        if (nx < 0 || ny < 0 || nx >= width || ny >= height || dx * dx + dy * dy > RIM * RIM + 1) {
                            continue;
                        }
                        int other = ids[ny * width + nx];
                        atRim |= other != id && dx * dx + dy * dy <= rim * rim + (rim > 1 ? 1 : 0);
                        if (other != 0) {
                            touching |= neighbour != 0 && other != neighbour;
                            neighbour = other;
                        }
                    }
                }
                classes[at] = id == 0 ? BACKGROUND : atRim ? BOUNDARY : INTERIOR;
                weights[at] = touching ? TOUCHING_WEIGHT : classes[at] == BOUNDARY ? BOUNDARY_WEIGHT : 1;
            }
        }
        return new SegmentationTarget(classes, weights);
    }
}
