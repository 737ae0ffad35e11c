package dev.gnserve.volume;

/**
 * The size of a volume, in the order in which its values are kept: channels, then depth (z), height (y) and width (x).
 *
 * @param channels 1 or more
 * @param depth planes
 * @param height rows of a plane
 * @param width columns of a plane
 */
public record VolumeShape(int channels, int depth, int height, int width) {

    public VolumeShape {
        if (channels < 1 || depth < 1 || height < 1 || width < 1) {
            throw new IllegalArgumentException(
                    "a volume has one voxel or more, not " + channels + " x " + depth + " x " + height + " x " + width);
        }
    }

    /** Voxels of one channel; {@link Long#MAX_VALUE} if there are more. */
    public long voxels() {
        long plane = (long) height * width;
        return depth > Long.MAX_VALUE / plane ? Long.MAX_VALUE : depth * plane;
    }

    /** The size along an axis: 0 depth, 1 height, 2 width. */
    public int size(int axis) {
        return axis == 0 ? depth : axis == 1 ? height : width;
    }

    @Override
    public String toString() {
        return depth + " x " + height + " x " + width + " (z, y, x)"
                + (channels == 1 ? "" : ", " + channels + " channels");
    }
}
