package dev.gnserve.image;

import org.jspecify.annotations.Nullable;

/** Planes [channels, height, width] that are read row by row, so that a large image need not lie there as floats. */
interface PlanarRows {

    int channels();

    int height();

    int width();

    /** How often each of the values 0 to 255 occurs over all channels, or null where there may be others. */
    default int @Nullable [] counts() {
        return null;
    }

    /** Reads {@code count} values of every channel from (x, y) on: channel c goes to {@code offset + c * stride}. */
    void read(int x, int y, int count, float[] into, int offset, int stride);
}
