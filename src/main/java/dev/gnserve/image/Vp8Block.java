package dev.gnserve.image;

import java.util.Arrays;

/**
 * Predicts the pixels of one macroblock from its neighbours and adds what the coefficients say (RFC 6386, sections 12 and 14).
 *
 * <p>Works on a small area with one row above and columns to the left: luma of 16 x 16 pixels, and twice chroma of 8 x 8.
 */
final class Vp8Block {

    /** Of the work area. */
    static final int STRIDE = 32;

    /** Where the first pixel of luma and of both chroma planes is in the work area. */
    static final int LUMA = STRIDE + 8;

    static final int[] CHROMA = {LUMA + STRIDE * 17, LUMA + STRIDE * 17 + 16};

    static final int DC = 0;
    static final int VERTICAL = 1;
    static final int HORIZONTAL = 2;
    static final int MOTION = 3;

    // Modes of subblocks, as their numbers in the standard.
    static final int B_DC = 0;
    static final int B_MOTION = 1;
    static final int B_VERTICAL = 2;
    static final int B_HORIZONTAL = 3;
    private static final int B_LEFT_DOWN = 4;
    private static final int B_RIGHT_DOWN = 5;
    private static final int B_VERTICAL_RIGHT = 6;
    private static final int B_VERTICAL_LEFT = 7;
    private static final int B_HORIZONTAL_DOWN = 8;

    /** sqrt(2) * cos(pi / 8) - 1 and sqrt(2) * sin(pi / 8), of 65,536. */
    private static final int COSINE = 20_091;

    private static final int SINE = 35_468;

    /** The work area. */
    final byte[] area = new byte[STRIDE * 26];

    private final int[] columns = new int[16];

    /** The neighbours of a subblock, from the lower left corner over the upper left one to the right. */
    private final int[] around = new int[13];

    /** Predicts a square from the row above and the column to the left; DC takes those that the picture has. */
    void predict(int at, int size, int mode, boolean hasLeft, boolean hasTop) {
        switch (mode) {
            case DC -> {
                int sum = 0;
                for (int i = 0; i < size; i++) {
                    sum += (hasTop ? pixel(at - STRIDE + i) : 0) + (hasLeft ? pixel(at - 1 + i * STRIDE) : 0);
                }
                int count = (hasTop ? size : 0) + (hasLeft ? size : 0);
                int value = count == 0 ? 128 : (sum + count / 2) / count;
                for (int y = 0; y < size; y++) {
                    Arrays.fill(area, at + y * STRIDE, at + y * STRIDE + size, (byte) value);
                }
            }
            case VERTICAL -> {
                for (int y = 0; y < size; y++) {
                    System.arraycopy(area, at - STRIDE, area, at + y * STRIDE, size);
                }
            }
            case HORIZONTAL -> {
                for (int y = 0; y < size; y++) {
                    int row = at + y * STRIDE;
                    Arrays.fill(area, row, row + size, area[row - 1]);
                }
            }
            default -> motion(at, size);
        }
    }

    private void motion(int at, int size) {
        int corner = pixel(at - STRIDE - 1);
        for (int y = 0; y < size; y++) {
            int change = pixel(at - 1 + y * STRIDE) - corner;
            for (int x = 0; x < size; x++) {
                area[at + y * STRIDE + x] = clamp(pixel(at - STRIDE + x) + change);
            }
        }
    }

    /** Predicts a subblock of 4 x 4 pixels; the row above it has eight. */
    void predictSubblock(int at, int mode) {
        int[] e = around;
        for (int i = 0; i < 4; i++) {
            e[i] = pixel(at - 1 + (3 - i) * STRIDE);
        }
        for (int i = 4; i < 13; i++) {
            e[i] = pixel(at - STRIDE + i - 5);
        }
        switch (mode) {
            case B_DC -> {
                int sum = 4;
                for (int i = 0; i < 4; i++) {
                    sum += e[i] + e[5 + i];
                }
                for (int y = 0; y < 4; y++) {
                    Arrays.fill(area, at + y * STRIDE, at + y * STRIDE + 4, (byte) (sum >> 3));
                }
            }
            case B_MOTION -> motion(at, 4);
            case B_VERTICAL -> {
                for (int x = 0; x < 4; x++) {
                    int value = of3(e, 5 + x);
                    for (int y = 0; y < 4; y++) {
                        put(at, x, y, value);
                    }
                }
            }
            case B_HORIZONTAL -> {
                for (int y = 0; y < 4; y++) {
                    int value = y < 3 ? of3(e, 3 - y) : (e[1] + 3 * e[0] + 2) >> 2;
                    for (int x = 0; x < 4; x++) {
                        put(at, x, y, value);
                    }
                }
            }
            case B_LEFT_DOWN -> {
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        put(at, x, y, x + y < 6 ? of3(e, 6 + x + y) : (e[11] + 3 * e[12] + 2) >> 2);
                    }
                }
            }
            case B_RIGHT_DOWN -> {
                for (int y = 0; y < 4; y++) {
                    for (int x = 0; x < 4; x++) {
                        put(at, x, y, of3(e, 4 + x - y));
                    }
                }
            }
            case B_VERTICAL_RIGHT -> verticalRight(at, e);
            case B_VERTICAL_LEFT -> verticalLeft(at, e);
            case B_HORIZONTAL_DOWN -> horizontalDown(at, e);
            default -> horizontalUp(at, e);
        }
    }

    private void verticalRight(int at, int[] e) {
        put(at, 0, 3, of3(e, 2));
        put(at, 0, 2, of3(e, 3));
        for (int x = 0; x < 4; x++) {
            put(at, x, 0, of2(e, 4 + x));
            put(at, x, 1, of3(e, 4 + x));
            if (x < 3) {
                put(at, x + 1, 2, of2(e, 4 + x));
                put(at, x + 1, 3, of3(e, 4 + x));
            }
        }
    }

    private void verticalLeft(int at, int[] e) {
        for (int x = 0; x < 4; x++) {
            put(at, x, 0, of2(e, 5 + x));
            put(at, x, 1, of3(e, 6 + x));
            if (x < 3) {
                put(at, x, 2, of2(e, 6 + x));
                put(at, x, 3, of3(e, 7 + x));
            }
        }
        put(at, 3, 2, of3(e, 10));
        put(at, 3, 3, of3(e, 11));
    }

    private void horizontalDown(int at, int[] e) {
        for (int y = 0; y < 4; y++) {
            put(at, 0, y, of2(e, 3 - y));
            put(at, 1, y, of3(e, 4 - y));
            if (y < 3) {
                put(at, 2, y + 1, of2(e, 3 - y));
                put(at, 3, y + 1, of3(e, 4 - y));
            }
        }
        put(at, 2, 0, of3(e, 5));
        put(at, 3, 0, of3(e, 6));
    }

    private void horizontalUp(int at, int[] e) {
        for (int y = 0; y < 4; y++) {
            for (int x = 0; x < 4; x++) {
                int i = x + 2 * y;
                int value = switch (i) {
                    case 0, 2, 4 -> of2(e, 2 - i / 2);
                    case 1, 3 -> of3(e, 2 - i / 2);
                    case 5 -> (e[1] + 3 * e[0] + 2) >> 2;
                    default -> e[0];
                };
                put(at, x, y, value);
            }
        }
    }

    private static int of2(int[] e, int i) {
        return (e[i] + e[i + 1] + 1) >> 1;
    }

    private static int of3(int[] e, int i) {
        return (e[i - 1] + 2 * e[i] + e[i + 1] + 2) >> 2;
    }

    private void put(int at, int x, int y, int value) {
        area[at + y * STRIDE + x] = (byte) value;
    }

    private int pixel(int at) {
        return area[at] & 0xFF;
    }

    private static byte clamp(int value) {
        return (byte) Math.max(0, Math.min(255, value));
    }

    /** Adds the inverse transform of 16 coefficients to a subblock. */
    void add(int at, short[] coefficients, int from) {
        for (int i = 0; i < 4; i++) {
            int a = coefficients[from + i] + coefficients[from + 8 + i];
            int b = coefficients[from + i] - coefficients[from + 8 + i];
            int c = sine(coefficients[from + 4 + i]) - cosine(coefficients[from + 12 + i]);
            int d = cosine(coefficients[from + 4 + i]) + sine(coefficients[from + 12 + i]);
            columns[4 * i] = a + d;
            columns[4 * i + 1] = b + c;
            columns[4 * i + 2] = b - c;
            columns[4 * i + 3] = a - d;
        }
        for (int y = 0; y < 4; y++) {
            int dc = columns[y] + 4;
            int a = dc + columns[8 + y];
            int b = dc - columns[8 + y];
            int c = sine(columns[4 + y]) - cosine(columns[12 + y]);
            int d = cosine(columns[4 + y]) + sine(columns[12 + y]);
            int row = at + y * STRIDE;
            area[row] = clamp(pixel(row) + ((a + d) >> 3));
            area[row + 1] = clamp(pixel(row + 1) + ((b + c) >> 3));
            area[row + 2] = clamp(pixel(row + 2) + ((b - c) >> 3));
            area[row + 3] = clamp(pixel(row + 3) + ((a - d) >> 3));
        }
    }

    private static int cosine(int value) {
        return ((value * COSINE) >> 16) + value;
    }

    private static int sine(int value) {
        return (value * SINE) >> 16;
    }

    /** The DC values of 16 subblocks from the transform of their own; each becomes the first coefficient of its subblock. */
    static void spreadDc(short[] dc, short[] coefficients) {
        int[] rows = new int[16];
        for (int i = 0; i < 4; i++) {
            int a = dc[i] + dc[12 + i];
            int b = dc[4 + i] + dc[8 + i];
            int c = dc[4 + i] - dc[8 + i];
            int d = dc[i] - dc[12 + i];
            rows[i] = a + b;
            rows[8 + i] = a - b;
            rows[4 + i] = d + c;
            rows[12 + i] = d - c;
        }
        for (int i = 0; i < 4; i++) {
            int first = rows[4 * i] + 3;
            int a = first + rows[4 * i + 3];
            int b = rows[4 * i + 1] + rows[4 * i + 2];
            int c = rows[4 * i + 1] - rows[4 * i + 2];
            int d = first - rows[4 * i + 3];
            coefficients[64 * i] = (short) ((a + b) >> 3);
            coefficients[64 * i + 16] = (short) ((d + c) >> 3);
            coefficients[64 * i + 32] = (short) ((a - b) >> 3);
            coefficients[64 * i + 48] = (short) ((d - c) >> 3);
        }
    }
}
