package dev.gnserve.workshop.training;

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
        int[] areas = areas(ids);
        byte[] classes = new byte[ids.length];
        float[] weights = new float[ids.length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int at = y * width + x;
                int id = ids[at];
                int nearestOther = Integer.MAX_VALUE;
                int someNucleus = 0;
                boolean betweenNuclei = false;
                for (int ny = Math.max(0, y - RIM); ny <= Math.min(height - 1, y + RIM); ny++) {
                    for (int nx = Math.max(0, x - RIM); nx <= Math.min(width - 1, x + RIM); nx++) {
                        int squaredDistance = (nx - x) * (nx - x) + (ny - y) * (ny - y);
                        int other = ids[ny * width + nx];
                        if (squaredDistance > reach(RIM)) {
                            continue;
                        }
                        if (other != id) {
                            nearestOther = Math.min(nearestOther, squaredDistance);
                        }
                        if (other != 0) {
                            betweenNuclei |= someNucleus != 0 && other != someNucleus;
                            someNucleus = other;
                        }
                    }
                }
                int rim = areas[id] < SMALL_AREA ? 1 : RIM;
                classes[at] = id == 0 ? BACKGROUND : nearestOther <= reach(rim) ? BOUNDARY : INTERIOR;
                weights[at] = betweenNuclei ? TOUCHING_WEIGHT : classes[at] == BOUNDARY ? BOUNDARY_WEIGHT : 1;
            }
        }
        return new SegmentationTarget(classes, weights);
    }

    /** Greatest squared distance within a disc that looks round on the grid: 4 neighbours for 1, 20 for 2. */
    private static int reach(int radius) {
        return radius * radius + radius - 1;
    }

    private static int[] areas(int[] ids) {
        int most = 0;
        for (int id : ids) {
            most = Math.max(most, id);
        }
        int[] areas = new int[most + 1];
        for (int id : ids) {
            areas[id]++;
        }
        return areas;
    }
}
