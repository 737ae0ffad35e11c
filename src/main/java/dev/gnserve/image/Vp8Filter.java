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
        byte[] s = plane;
        int most = 2 * limit + 1;
        for (int i = 0, p = at; i < length; i++, p += along) {
            int p1 = s[p - 2 * across] & 0xFF;
            int p0 = s[p - across] & 0xFF;
            int q0 = s[p] & 0xFF;
            int q1 = s[p + across] & 0xFF;
            if (4 * Math.abs(p0 - q0) + Math.abs(p1 - q1) <= most) {
                filter2(s, p, across, p1, p0, q0, q1);
            }
        }
    }

    /** Names of pixels as in the RFC: p3 p2 p1 p0 before the edge, q0 q1 q2 q3 behind it. Each is read once. */
    private void normal(int at, int across, int along, int length, int limit, int interior, int high, boolean inside) {
        byte[] s = plane;
        int most = 2 * limit + 1;
        for (int i = 0, p = at; i < length; i++, p += along) {
            int p1 = s[p - 2 * across] & 0xFF;
            int p0 = s[p - across] & 0xFF;
            int q0 = s[p] & 0xFF;
            int q1 = s[p + across] & 0xFF;
            if (4 * Math.abs(p0 - q0) + Math.abs(p1 - q1) > most) {
                continue;
            }
            int p3 = s[p - 4 * across] & 0xFF;
            int p2 = s[p - 3 * across] & 0xFF;
            int q2 = s[p + 2 * across] & 0xFF;
            int q3 = s[p + 3 * across] & 0xFF;
            int before = Math.abs(p1 - p0);
            int behind = Math.abs(q1 - q0);
            if (Math.abs(p3 - p2) > interior
                    || Math.abs(p2 - p1) > interior
                    || before > interior
                    || Math.abs(q3 - q2) > interior
                    || Math.abs(q2 - q1) > interior
                    || behind > interior) {
                continue;
            }
            if (before > high || behind > high) {
                filter2(s, p, across, p1, p0, q0, q1);
            } else if (inside) {
                int a = 3 * (q0 - p0);
                int one = small((a + 4) >> 3);
                int half = (one + 1) >> 1;
                s[p - 2 * across] = clamp(p1 + half);
                s[p - across] = clamp(p0 + small((a + 3) >> 3));
                s[p] = clamp(q0 - one);
                s[p + across] = clamp(q1 - half);
            } else {
                int a = signed(3 * (q0 - p0) + signed(p1 - q1));
                int one = (27 * a + 63) >> 7;
                int two = (18 * a + 63) >> 7;
                int three = (9 * a + 63) >> 7;
                s[p - 3 * across] = clamp(p2 + three);
                s[p - 2 * across] = clamp(p1 + two);
                s[p - across] = clamp(p0 + one);
                s[p] = clamp(q0 - one);
                s[p + across] = clamp(q1 - two);
                s[p + 2 * across] = clamp(q2 - three);
            }
        }
    }

    private static void filter2(byte[] s, int p, int across, int p1, int p0, int q0, int q1) {
        int a = 3 * (q0 - p0) + signed(p1 - q1);
        s[p - across] = clamp(p0 + small((a + 3) >> 3));
        s[p] = clamp(q0 - small((a + 4) >> 3));
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }

    private static int signed(int value) {
        return Math.max(-128, Math.min(127, value));
    }

    private static int small(int value) {
        return Math.max(-16, Math.min(15, value));
    }
}
