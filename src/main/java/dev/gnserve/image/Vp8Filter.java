package dev.gnserve.image;

/** The loop filter of VP8, which makes the edges of blocks less visible (RFC 6386, section 15). In place on one plane. */
final class Vp8Filter {

    private final byte[] plane;
    private final int stride;

    Vp8Filter(byte[] plane, int stride) {
        this.plane = plane;
        this.stride = stride;
    }

    /** Filters across a vertical edge, {@code length} rows from {@code at} on, luma only. */
    void simpleLeft(int at, int length, int limit) {
        simple(at, 1, stride, length, limit);
    }

    /** Filters across a horizontal edge. */
    void simpleTop(int at, int length, int limit) {
        simple(at, stride, 1, length, limit);
    }

    /**
     * Filters across a vertical edge.
     *
     * @param limit how much the pixels at an edge may differ
     * @param interior how much neighbours beside an edge may differ
     * @param high from which difference on an edge belongs to the picture
     * @param inside whether the edge is within a macroblock
     */
    void left(int at, int length, int limit, int interior, int high, boolean inside) {
        normal(at, 1, stride, length, limit, interior, high, inside);
    }

    /** As {@link #left}, across a horizontal edge. */
    void top(int at, int length, int limit, int interior, int high, boolean inside) {
        normal(at, stride, 1, length, limit, interior, high, inside);
    }

    private void simple(int at, int across, int along, int length, int limit) {
        for (int i = 0, p = at; i < length; i++, p += along) {
            if (edge(p, across) <= 2 * limit + 1) {
                filter2(p, across);
            }
        }
    }

    private void normal(int at, int across, int along, int length, int limit, int interior, int high, boolean inside) {
        for (int i = 0, p = at; i < length; i++, p += along) {
            if (edge(p, across) > 2 * limit + 1 || !isSmooth(p, across, interior)) {
                continue;
            }
            if (difference(p - 2 * across, p - across) > high || difference(p + across, p) > high) {
                filter2(p, across);
            } else if (inside) {
                filter4(p, across);
            } else {
                filter6(p, across);
            }
        }
    }

    private int edge(int p, int across) {
        return 4 * difference(p - across, p) + difference(p - 2 * across, p + across);
    }

    private boolean isSmooth(int p, int across, int limit) {
        return difference(p - 4 * across, p - 3 * across) <= limit
                && difference(p - 3 * across, p - 2 * across) <= limit
                && difference(p - 2 * across, p - across) <= limit
                && difference(p + 3 * across, p + 2 * across) <= limit
                && difference(p + 2 * across, p + across) <= limit
                && difference(p + across, p) <= limit;
    }

    private int difference(int a, int b) {
        return Math.abs(value(a) - value(b));
    }

    private void filter2(int p, int across) {
        int a = 3 * (value(p) - value(p - across)) + signed(value(p - 2 * across) - value(p + across));
        add(p - across, small((a + 3) >> 3));
        add(p, -small((a + 4) >> 3));
    }

    private void filter4(int p, int across) {
        int a = 3 * (value(p) - value(p - across));
        int one = small((a + 4) >> 3);
        int half = (one + 1) >> 1;
        add(p - 2 * across, half);
        add(p - across, small((a + 3) >> 3));
        add(p, -one);
        add(p + across, -half);
    }

    private void filter6(int p, int across) {
        int a = signed(3 * (value(p) - value(p - across)) + signed(value(p - 2 * across) - value(p + across)));
        int one = (27 * a + 63) >> 7;
        int two = (18 * a + 63) >> 7;
        int three = (9 * a + 63) >> 7;
        add(p - 3 * across, three);
        add(p - 2 * across, two);
        add(p - across, one);
        add(p, -one);
        add(p + across, -two);
        add(p + 2 * across, -three);
    }

    private int value(int at) {
        return plane[at] & 0xFF;
    }

    private void add(int at, int change) {
        plane[at] = (byte) Math.max(0, Math.min(255, value(at) + change));
    }

    private static int signed(int value) {
        return Math.max(-128, Math.min(127, value));
    }

    private static int small(int value) {
        return Math.max(-16, Math.min(15, value));
    }
}
