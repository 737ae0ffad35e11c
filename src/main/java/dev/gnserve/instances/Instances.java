package dev.gnserve.instances;

import dev.gnserve.image.Geometry;

/**
 * The separate objects of a picture, each with one label. Arrays are shared, not copied.
 *
 * @param ids object numbers, int32 [height, width], row-major: 1 to {@link #count()}, 0 for background
 * @param scores float32 [count]: of object {@code i + 1} at {@code i}, 0 to 1
 * @param labels the number of the label of object {@code i + 1} at {@code i}, or {@value #UNTYPED}
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record Instances(int width, int height, int[] ids, float[] scores, int[] labels) {

    /** An object whose pixels all have the type background. */
    public static final int UNTYPED = -1;

    public Instances {
        if (ids.length != width * height || scores.length != labels.length) {
            throw new IllegalArgumentException("%d x %d pixels with %d ids, %d scores and %d labels"
                    .formatted(width, height, ids.length, scores.length, labels.length));
        }
    }

    public int count() {
        return scores.length;
    }

    /**
     * The same objects on the upright original: each of its pixels takes the number of the pixel that its centre lies in.
     *
     * @param geometry of the network's input
     * @param stride input pixels for one pixel of this
     */
    Instances onOriginal(Geometry geometry, int stride) {
        if (stride == 1 && !geometry.isScaled()) {
            return this;
        }
        int[] columns = sources(geometry.width(), geometry.scaledWidth(), stride, width);
        int[] rows = sources(geometry.height(), geometry.scaledHeight(), stride, height);
        int[] original = new int[Math.multiplyExact(geometry.width(), geometry.height())];
        for (int y = 0, at = 0; y < geometry.height(); y++) {
            int row = rows[y] * width;
            for (int x = 0; x < geometry.width(); x++, at++) {
                original[at] = ids[row + columns[x]];
            }
        }
        return new Instances(geometry.width(), geometry.height(), original, scores, labels);
    }

    private static int[] sources(int count, int scaled, int stride, int most) {
        int[] sources = new int[count];
        for (int i = 0; i < count; i++) {
            sources[i] = (int) Math.min(most - 1, (2L * i + 1) * scaled / (2L * count * stride));
        }
        return sources;
    }
}
