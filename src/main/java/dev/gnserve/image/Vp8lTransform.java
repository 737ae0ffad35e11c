package dev.gnserve.image;

/** A transform of lossless WebP, by which an encoder made pixels smaller (RFC 9649, 3.5). */
final class Vp8lTransform {

    static final int PREDICTOR = 0;
    static final int COLOR = 1;
    static final int SUBTRACT_GREEN = 2;
    static final int COLOR_INDEXING = 3;

    private static final int OPAQUE_BLACK = 0xFF000000;

    private final int kind;
    private final int width;
    /** Of a block, or of how many pixels share an index. */
    private final int bits;
    /** What the blocks or the indices stand for. */
    private final int[] values;

    private Vp8lTransform(int kind, int width, int bits, int[] values) {
        this.kind = kind;
        this.width = width;
        this.bits = bits;
        this.values = values;
    }

    static Vp8lTransform subtractGreen(int width) {
        return new Vp8lTransform(SUBTRACT_GREEN, width, 0, new int[0]);
    }

    /** A predictor or a colour transform, of blocks of 2 to the power of {@code bits} pixels. */
    static Vp8lTransform ofBlocks(int kind, int width, int bits, int[] values) {
        return new Vp8lTransform(kind, width, bits, values);
    }

    /** @param differences from each colour to the next */
    static Vp8lTransform colorIndexing(int width, int[] differences) {
        int colors = differences.length;
        int bits = colors <= 2 ? 3 : colors <= 4 ? 2 : colors <= 16 ? 1 : 0;
        // An index beyond the colours stands for transparent black.
        int[] values = new int[256];
        for (int i = 0; i < colors; i++) {
            values[i] = i == 0 ? differences[0] : add(values[i - 1], differences[i]);
        }
        return new Vp8lTransform(COLOR_INDEXING, width, bits, values);
    }

    /** Of the rows that it is undone on. */
    int storedWidth() {
        return kind == COLOR_INDEXING ? (width + (1 << bits) - 1) >> bits : width;
    }

    /** The pixels before the transform; in place where they are as many. */
    int[] undo(int[] colors, int height, DecodeWork work) {
        int[] result = storedWidth() == width ? colors : new int[width * height];
        for (int y = 0; y < height; y++) {
            work.goOn();
            switch (kind) {
                case PREDICTOR -> predict(result, y);
                case COLOR -> turnColors(result, y);
                case SUBTRACT_GREEN -> addGreen(result, y);
                default -> lookUp(colors, result, y);
            }
        }
        return result;
    }

    private void lookUp(int[] stored, int[] result, int y) {
        int perIndex = 1 << bits;
        int indexBits = 8 >> bits;
        for (int x = 0; x < width; x++) {
            int packed = (stored[y * storedWidth() + (x >> bits)] >> 8) & 0xFF;
            int index = (packed >> ((x & (perIndex - 1)) * indexBits)) & ((1 << indexBits) - 1);
            result[y * width + x] = values[index];
        }
    }

    private void addGreen(int[] colors, int y) {
        for (int i = y * width; i < (y + 1) * width; i++) {
            int green = (colors[i] >> 8) & 0xFF;
            int redAndBlue = (colors[i] & 0x00FF00FF) + ((green << 16) | green);
            colors[i] = (colors[i] & 0xFF00FF00) | (redAndBlue & 0x00FF00FF);
        }
    }

    private void turnColors(int[] colors, int y) {
        int block = (y >> bits) * blocksAcross();
        for (int x = 0, i = y * width; x < width; x++, i++) {
            int value = values[block + (x >> bits)];
            int color = colors[i];
            int green = color >> 8;
            int red = ((color >> 16) + product(value, green)) & 0xFF;
            int blue = (color + product(value >> 8, green) + product(value >> 16, red)) & 0xFF;
            colors[i] = (color & 0xFF00FF00) | (red << 16) | blue;
        }
    }

    /** Of two signed bytes, as a fraction of 32. */
    private static int product(int factor, int color) {
        return ((byte) factor * (byte) color) >> 5;
    }

    private int blocksAcross() {
        return (width + (1 << bits) - 1) >> bits;
    }

    private void predict(int[] colors, int y) {
        int row = y * width;
        if (y == 0) {
            colors[0] = add(colors[0], OPAQUE_BLACK);
            for (int i = 1; i < width; i++) {
                colors[i] = add(colors[i], colors[i - 1]);
            }
            return;
        }
        colors[row] = add(colors[row], colors[row - width]);
        int block = (y >> bits) * blocksAcross();
        for (int x = 1; x < width; x++) {
            int mode = (values[block + (x >> bits)] >> 8) & 15;
            int i = row + x;
            colors[i] = add(colors[i], predicted(colors, i, mode));
        }
    }

    private int predicted(int[] colors, int i, int mode) {
        int left = colors[i - 1];
        int top = colors[i - width];
        int topLeft = colors[i - width - 1];
        // Of the last pixel of a row, the first of this row.
        int topRight = colors[i - width + 1];
        return switch (mode) {
            case 1 -> left;
            case 2 -> top;
            case 3 -> topRight;
            case 4 -> topLeft;
            case 5 -> average(average(left, topRight), top);
            case 6 -> average(left, topLeft);
            case 7 -> average(left, top);
            case 8 -> average(topLeft, top);
            case 9 -> average(top, topRight);
            case 10 -> average(average(left, topLeft), average(top, topRight));
            case 11 -> select(left, top, topLeft);
            case 12 -> perByte(left, top, topLeft, false);
            case 13 -> perByte(average(left, top), topLeft, topLeft, true);
            default -> OPAQUE_BLACK;
        };
    }

    /** Byte by byte, without carries between them. */
    private static int add(int a, int b) {
        return (((a & 0xFF00FF00) + (b & 0xFF00FF00)) & 0xFF00FF00)
                | (((a & 0x00FF00FF) + (b & 0x00FF00FF)) & 0x00FF00FF);
    }

    private static int average(int a, int b) {
        return (((a ^ b) >>> 1) & 0x7F7F7F7F) + (a & b);
    }

    private static int select(int left, int top, int topLeft) {
        int toLeft = 0;
        int toTop = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            int corner = (topLeft >> shift) & 0xFF;
            toLeft += Math.abs(((top >> shift) & 0xFF) - corner);
            toTop += Math.abs(((left >> shift) & 0xFF) - corner);
        }
        return toLeft < toTop ? left : top;
    }

    /** Of each byte {@code a + b - c}, or half of that: {@code a + (a - b) / 2}; within 0 to 255. */
    private static int perByte(int a, int b, int c, boolean half) {
        int result = 0;
        for (int shift = 0; shift < 32; shift += 8) {
            int one = (a >> shift) & 0xFF;
            int two = (b >> shift) & 0xFF;
            int value = half ? one + (one - two) / 2 : one + two - ((c >> shift) & 0xFF);
            result |= Math.max(0, Math.min(255, value)) << shift;
        }
        return result;
    }
}
