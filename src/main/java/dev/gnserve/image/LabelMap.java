package dev.gnserve.image;

/**
 * One whole number per pixel: a class, or the number of an object. Row-major, from the top left. Thread-safe as long as
 * nobody writes to the array behind it.
 */
public final class LabelMap {

    private final int width;
    private final int height;
    /** A byte[] of unsigned labels or an int[]. */
    private final Object labels;

    private LabelMap(int width, int height, Object labels, int length) {
        if (width < 1 || height < 1 || length != (long) width * height) {
            throw new IllegalArgumentException("%d labels are not %d x %d".formatted(length, width, height));
        }
        this.width = width;
        this.height = height;
        this.labels = labels;
    }

    /** A map over unsigned 8-bit labels [height, width]; the array is kept, not copied. */
    public static LabelMap of(int width, int height, byte[] labels) {
        return new LabelMap(width, height, labels, labels.length);
    }

    /** A map over labels [height, width]; the array is kept, not copied. */
    public static LabelMap of(int width, int height, int[] labels) {
        return new LabelMap(width, height, labels, labels.length);
    }

    public int width() {
        return width;
    }

    public int height() {
        return height;
    }

    public int label(int x, int y) {
        if (x < 0 || x >= width) {
            throw new IndexOutOfBoundsException("(%d, %d) of %d x %d".formatted(x, y, width, height));
        }
        return at(y * width + x);
    }

    private int at(int index) {
        return labels instanceof byte[] bytes ? bytes[index] & 0xFF : ((int[]) labels)[index];
    }

    /** Copies part of a row. */
    void row(int x, int y, int[] into, int count) {
        int from = y * width + x;
        if (labels instanceof byte[] bytes) {
            for (int i = 0; i < count; i++) {
                into[i] = bytes[from + i] & 0xFF;
            }
        } else {
            System.arraycopy((int[]) labels, from, into, 0, count);
        }
    }

    /** Tells of each pixel from (x, y) to the right whether it carries the label. */
    void mark(int label, int x, int y, boolean[] into) {
        int from = y * width + x;
        if (labels instanceof byte[] bytes) {
            for (int i = 0; i < into.length; i++) {
                into[i] = (bytes[from + i] & 0xFF) == label;
            }
        } else {
            int[] ints = (int[]) labels;
            for (int i = 0; i < into.length; i++) {
                into[i] = ints[from + i] == label;
            }
        }
    }

    /** How many pixels carry the label. */
    public int count(int label) {
        int count = 0;
        boolean[] row = new boolean[width];
        for (int y = 0; y < height; y++) {
            mark(label, 0, y, row);
            for (boolean marked : row) {
                count += marked ? 1 : 0;
            }
        }
        return count;
    }

    /**
     * The pixels that carry a label other than 0 in both maps, as a part of those that do in either (IoU); 1 if there are none.
     *
     * @param other of the same size
     */
    public double overlap(LabelMap other) {
        if (other.width != width || other.height != height) {
            throw new IllegalArgumentException(
                    "%d x %d is not %d x %d".formatted(other.width, other.height, width, height));
        }
        long both = 0;
        long either = 0;
        for (int i = 0; i < width * height; i++) {
            boolean here = at(i) != 0;
            boolean there = other.at(i) != 0;
            both += here && there ? 1 : 0;
            either += here || there ? 1 : 0;
        }
        return either == 0 ? 1 : (double) both / either;
    }

    Region everything() {
        return new Region(0, 0, width, height);
    }

    /**
     * A rectangle of whole pixels.
     *
     * @param x left column
     * @param y top row
     */
    public record Region(int x, int y, int width, int height) {
        public Region {
            if (x < 0 || y < 0 || width < 1 || height < 1) {
                throw new IllegalArgumentException(
                        "no region: x %d, y %d, width %d, height %d".formatted(x, y, width, height));
            }
        }

        void requireWithin(LabelMap map) {
            if (x > map.width - width || y > map.height - height) {
                throw new IllegalArgumentException("%s is not within %d x %d".formatted(this, map.width, map.height));
            }
        }
    }
}
