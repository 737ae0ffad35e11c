package dev.gnserve.image;

import java.util.Arrays;

/**
 * Decodes lossy WebP, which is one key frame of VP8 (RFC 6386), bit by bit as the standard says. Colours between chroma samples are
 * those of libwebp.
 */
final class Vp8 {

    /** Of two planes of chroma and one of luma, without the samples made of them. */
    static final double BYTES_PER_PIXEL = 1.6;

    private static final int HEADER_BYTES = 10;
    private static final int SUBBLOCKS_MODE = 4;
    private static final int OUTSIDE_TOP = 127;
    private static final int OUTSIDE_LEFT = 129;
    private static final int[] BANDS = {0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 0};
    private static final int[] ZIGZAG = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};

    /** Probabilities of the bits of large coefficients, in four classes. */
    private static final int[][] LARGE = {
        {173, 148, 140},
        {176, 155, 140, 135},
        {180, 157, 141, 134, 130},
        {254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129}
    };

    /** The tree of the standard: of each node the two that follow, or a mode as its complement. */
    private static final int[] SUBBLOCK_TREE = {~0, 2, ~1, 4, ~2, 6, 8, 12, ~3, 10, ~5, ~6, ~4, 14, ~7, 16, ~8, ~9};

    // Kinds of blocks of coefficients.
    private static final int LUMA_WITHOUT_DC = 0;
    private static final int LUMA_DC = 1;
    private static final int CHROMA = 2;
    private static final int LUMA = 3;

    /** Where the contexts of luma, both chroma planes and the DC values of luma are. */
    private static final int[] CONTEXTS = {0, 4, 6, 8};

    private static final int CONTEXTS_OF_BLOCK = 9;

    private final Vp8Header header;
    private final Vp8Bits modes;
    private final Vp8Bits[] coefficients;
    private final DecodeWork work;
    private final int width;
    private final int height;
    private final int across;
    private final int down;
    private final byte[][] planes;
    private final Vp8Block block = new Vp8Block();

    /** Modes of the subblocks above each column of subblocks and to the left of each row. */
    private final int[] modesAbove;

    private final int[] modesLeft = new int[4];
    private final int[] subblockModes = new int[16];
    /** Whether the block above or to the left has coefficients: per macroblock four of luma, twice two of chroma, one of DC. */
    private final boolean[] filledAbove;

    private final boolean[] filledLeft = new boolean[CONTEXTS_OF_BLOCK];
    /** Rows above the macroblocks before filtering: 16 of luma and twice eight of chroma for each. */
    private final byte[] above;

    private final short[] values = new short[25 * 16];
    private final short[] dcValues = new short[16];
    private final boolean[] filled = new boolean[24];
    private final byte[] levels;
    private final boolean[] filteredInside;

    private Vp8(byte[] file, int from, int end, DecodeWork work) throws CorruptImageException {
        this.work = work;
        int tag = (file[from] & 0xFF) | ((file[from + 1] & 0xFF) << 8) | ((file[from + 2] & 0xFF) << 16);
        if ((tag & 1) != 0 || file[from + 3] != (byte) 0x9D || file[from + 4] != 1 || file[from + 5] != 0x2A) {
            throw new CorruptImageException("its image data do not begin with a key frame");
        }
        this.width = ((file[from + 6] & 0xFF) | ((file[from + 7] & 0xFF) << 8)) & 0x3FFF;
        this.height = ((file[from + 8] & 0xFF) | ((file[from + 9] & 0xFF) << 8)) & 0x3FFF;
        this.across = (width + 15) / 16;
        this.down = (height + 15) / 16;
        int first = from + HEADER_BYTES;
        int firstEnd = first + (tag >> 5);
        if (firstEnd > end) {
            throw new CorruptImageException("its first partition has %d bytes".formatted(tag >> 5));
        }
        this.modes = new Vp8Bits(file, first, firstEnd);
        this.header = new Vp8Header(modes);
        this.coefficients = partitions(file, firstEnd, end);
        int blocks = across * down;
        this.planes = new byte[][] {new byte[256 * blocks], new byte[64 * blocks], new byte[64 * blocks]};
        this.levels = new byte[blocks];
        this.filteredInside = new boolean[blocks];
        this.modesAbove = new int[4 * across];
        this.filledAbove = new boolean[CONTEXTS_OF_BLOCK * across];
        this.above = new byte[32 * across];
    }

    private Vp8Bits[] partitions(byte[] file, int from, int end) throws CorruptImageException {
        int count = header.partitions();
        Vp8Bits[] partitions = new Vp8Bits[count];
        int at = from + 3 * (count - 1);
        for (int i = 0; i < count; i++) {
            int sizes = from + 3 * i;
            if (at > end) {
                throw new CorruptImageException("its partition %d begins behind its end".formatted(i));
            }
            int size = i == count - 1
                    ? end - at
                    : (file[sizes] & 0xFF) | ((file[sizes + 1] & 0xFF) << 8) | ((file[sizes + 2] & 0xFF) << 16);
            partitions[i] = new Vp8Bits(file, at, Math.min(end, at + size));
            at += size;
        }
        return partitions;
    }

    /** The picture in these bytes of a chunk. */
    static UprightImage decode(byte[] file, int from, int end, DecodeWork work) throws CorruptImageException {
        if (end - from < HEADER_BYTES) {
            throw new CorruptImageException("its image data have %d bytes".formatted(end - from));
        }
        Vp8 frame = new Vp8(file, from, end, work);
        frame.reconstruct();
        frame.filter();
        return Vp8Colors.convert(frame.planes, 16 * frame.across, frame.width, frame.height, work);
    }

    private void reconstruct() throws CorruptImageException {
        Arrays.fill(above, (byte) OUTSIDE_TOP);
        for (int y = 0; y < down; y++) {
            work.goOn();
            Arrays.fill(modesLeft, Vp8Block.B_DC);
            Arrays.fill(filledLeft, false);
            Vp8Bits bits = coefficients[y % coefficients.length];
            for (int x = 0; x < across; x++) {
                macroblock(x, y, bits);
            }
        }
    }

    private void macroblock(int x, int y, Vp8Bits bits) throws CorruptImageException {
        int segment = header.segment(modes);
        boolean skipped = header.isSkipped(modes);
        int mode = lumaMode(x);
        int chromaMode = chromaMode();
        boolean subblocks = mode == SUBBLOCKS_MODE;
        boolean empty = skipped ? skip(x, subblocks) : !readCoefficients(x, subblocks, header.steps(segment), bits);
        int at = y * across + x;
        levels[at] = (byte) header.level(segment, subblocks);
        filteredInside[at] = subblocks || !empty;
        placeNeighbours(x, y);
        if (subblocks) {
            predictSubblocks(x, y);
        } else {
            block.predict(Vp8Block.LUMA, 16, mode, x > 0, y > 0);
            for (int i = 0; i < 16; i++) {
                addCoefficients(i, Vp8Block.LUMA + (i >> 2) * 4 * Vp8Block.STRIDE + (i & 3) * 4);
            }
        }
        for (int plane = 0; plane < 2; plane++) {
            int corner = Vp8Block.CHROMA[plane];
            block.predict(corner, 8, chromaMode, x > 0, y > 0);
            for (int i = 0; i < 4; i++) {
                addCoefficients(16 + 4 * plane + i, corner + (i >> 1) * 4 * Vp8Block.STRIDE + (i & 1) * 4);
            }
        }
        store(x, y);
    }

    // ---- Modes ----

    private int lumaMode(int x) throws CorruptImageException {
        if (modes.bit(145) == 0) {
            for (int i = 0; i < 16; i++) {
                int column = 4 * x + (i & 3);
                int mode = subblockMode(modesAbove[column], modesLeft[i >> 2]);
                subblockModes[i] = mode;
                modesAbove[column] = mode;
                modesLeft[i >> 2] = mode;
            }
            return SUBBLOCKS_MODE;
        }
        int mode;
        if (modes.bit(156) == 0) {
            mode = modes.bit(163) == 0 ? Vp8Block.DC : Vp8Block.VERTICAL;
        } else {
            mode = modes.bit(128) == 0 ? Vp8Block.HORIZONTAL : Vp8Block.MOTION;
        }
        int asSubblocks = switch (mode) {
            case Vp8Block.DC -> Vp8Block.B_DC;
            case Vp8Block.VERTICAL -> Vp8Block.B_VERTICAL;
            case Vp8Block.HORIZONTAL -> Vp8Block.B_HORIZONTAL;
            default -> Vp8Block.B_MOTION;
        };
        Arrays.fill(modesAbove, 4 * x, 4 * x + 4, asSubblocks);
        Arrays.fill(modesLeft, asSubblocks);
        return mode;
    }

    private int subblockMode(int modeAbove, int modeLeft) throws CorruptImageException {
        int node = 0;
        do {
            node = SUBBLOCK_TREE[node + modes.bit(Vp8Tables.mode(modeAbove, modeLeft, node >> 1))];
        } while (node > 0);
        return ~node;
    }

    private int chromaMode() throws CorruptImageException {
        if (modes.bit(142) == 0) {
            return Vp8Block.DC;
        }
        if (modes.bit(114) == 0) {
            return Vp8Block.VERTICAL;
        }
        return modes.bit(183) == 0 ? Vp8Block.HORIZONTAL : Vp8Block.MOTION;
    }

    // ---- Coefficients ----

    /** Notes that a macroblock has no coefficients; the contexts of DC values stay as they are if it has none of them. */
    private boolean skip(int x, boolean subblocks) {
        int contexts = subblocks ? CONTEXTS_OF_BLOCK - 1 : CONTEXTS_OF_BLOCK;
        Arrays.fill(filledAbove, CONTEXTS_OF_BLOCK * x, CONTEXTS_OF_BLOCK * x + contexts, false);
        Arrays.fill(filledLeft, 0, contexts, false);
        Arrays.fill(filled, false);
        return true;
    }

    /** Whether there are any. */
    private boolean readCoefficients(int x, boolean subblocks, int[] steps, Vp8Bits bits) throws CorruptImageException {
        Arrays.fill(values, (short) 0);
        int contexts = CONTEXTS_OF_BLOCK * x;
        int first = 0;
        if (!subblocks) {
            Arrays.fill(dcValues, (short) 0);
            int last = CONTEXTS[3];
            boolean some = read(LUMA_DC, context(contexts, last, last), 0, steps[2], steps[3], dcValues, 0, bits) > 0;
            filledAbove[contexts + last] = some;
            filledLeft[last] = some;
            Vp8Block.spreadDc(dcValues, values);
            first = 1;
        }
        boolean any = false;
        for (int i = 0; i < 16; i++) {
            any |= readBlock(
                    subblocks ? LUMA : LUMA_WITHOUT_DC, i, contexts, i & 3, i >> 2, first, steps[0], steps[1], bits);
        }
        for (int i = 16; i < 24; i++) {
            int plane = CONTEXTS[1 + (i - 16) / 4];
            any |= readBlock(CHROMA, i, contexts, plane + (i & 1), plane + ((i >> 1) & 1), 0, steps[4], steps[5], bits);
        }
        return any;
    }

    private boolean readBlock(
            int kind, int i, int contexts, int column, int row, int first, int dcStep, int acStep, Vp8Bits bits)
            throws CorruptImageException {
        int end = read(kind, context(contexts, column, row), first, dcStep, acStep, values, 16 * i, bits);
        boolean some = end > first;
        filledAbove[contexts + column] = some;
        filledLeft[row] = some;
        filled[i] = some || values[16 * i] != 0;
        return filled[i];
    }

    private int context(int contexts, int column, int row) {
        return (filledAbove[contexts + column] ? 1 : 0) + (filledLeft[row] ? 1 : 0);
    }

    /** Reads coefficients of a block from the first one on, and gives where they end. */
    private int read(int kind, int context, int first, int dcStep, int acStep, short[] into, int at, Vp8Bits bits)
            throws CorruptImageException {
        int[] all = header.probabilities();
        int p = probabilities(kind, first, context);
        for (int n = first; n < 16; ) {
            if (bits.bit(all[p]) == 0) {
                return n;
            }
            while (bits.bit(all[p + 1]) == 0) {
                p = probabilities(kind, ++n, 0);
                if (n == 16) {
                    return 16;
                }
            }
            int value = 1;
            if (bits.bit(all[p + 2]) == 1) {
                value = largeValue(all, p, bits);
            }
            p = probabilities(kind, n + 1, value == 1 ? 1 : 2);
            into[at + ZIGZAG[n]] = (short) (bits.signed(value) * (n == 0 ? dcStep : acStep));
            n++;
        }
        return 16;
    }

    private static int probabilities(int kind, int n, int context) {
        return ((kind * 8 + BANDS[n]) * 3 + context) * 11;
    }

    private static int largeValue(int[] all, int p, Vp8Bits bits) throws CorruptImageException {
        if (bits.bit(all[p + 3]) == 0) {
            return bits.bit(all[p + 4]) == 0 ? 2 : 3 + bits.bit(all[p + 5]);
        }
        if (bits.bit(all[p + 6]) == 0) {
            if (bits.bit(all[p + 7]) == 0) {
                return 5 + bits.bit(159);
            }
            int two = bits.bit(165);
            return 7 + 2 * two + bits.bit(145);
        }
        int high = bits.bit(all[p + 8]);
        int kind = 2 * high + bits.bit(all[p + 9 + high]);
        int value = 0;
        for (int probability : LARGE[kind]) {
            value = 2 * value + bits.bit(probability);
        }
        return value + 3 + (8 << kind);
    }

    // ---- Pixels ----

    /** Puts the pixels above and to the left of a macroblock into the work area; to the left are those of the last one. */
    private void placeNeighbours(int x, int y) {
        byte[] area = block.area;
        for (int plane = 0; plane < 3; plane++) {
            int corner = plane == 0 ? Vp8Block.LUMA : Vp8Block.CHROMA[plane - 1];
            int size = plane == 0 ? 16 : 8;
            for (int row = x > 0 ? -1 : 0; row < size; row++) {
                int at = corner + row * Vp8Block.STRIDE - 1;
                area[at] = x > 0 ? area[at + size] : (byte) OUTSIDE_LEFT;
            }
            if (x == 0 || y == 0) {
                area[corner - Vp8Block.STRIDE - 1] = (byte) (y == 0 ? OUTSIDE_TOP : OUTSIDE_LEFT);
            }
            System.arraycopy(above, 32 * x + (plane == 0 ? 0 : 8 + 8 * plane), area, corner - Vp8Block.STRIDE, size);
        }
    }

    private void predictSubblocks(int x, int y) {
        byte[] area = block.area;
        int right = Vp8Block.LUMA - Vp8Block.STRIDE + 16;
        if (x + 1 < across) {
            System.arraycopy(above, 32 * (x + 1), area, right, 4);
        } else {
            Arrays.fill(area, right, right + 4, y == 0 ? (byte) OUTSIDE_TOP : above[32 * x + 15]);
        }
        for (int row = 4; row < 16; row += 4) {
            // The macroblock to the right is not there yet: the pixels above it stand for it.
            System.arraycopy(area, right, area, right + row * Vp8Block.STRIDE, 4);
        }
        for (int i = 0; i < 16; i++) {
            int at = Vp8Block.LUMA + (i >> 2) * 4 * Vp8Block.STRIDE + (i & 3) * 4;
            block.predictSubblock(at, subblockModes[i]);
            addCoefficients(i, at);
        }
    }

    private void addCoefficients(int i, int at) {
        if (filled[i]) {
            block.add(at, values, 16 * i);
        }
    }

    private void store(int x, int y) {
        byte[] area = block.area;
        for (int row = 0; row < 16; row++) {
            System.arraycopy(
                    area, Vp8Block.LUMA + row * Vp8Block.STRIDE, planes[0], ((16 * y + row) * across + x) * 16, 16);
        }
        System.arraycopy(area, Vp8Block.LUMA + 15 * Vp8Block.STRIDE, above, 32 * x, 16);
        for (int plane = 1; plane < 3; plane++) {
            int corner = Vp8Block.CHROMA[plane - 1];
            for (int row = 0; row < 8; row++) {
                System.arraycopy(
                        area, corner + row * Vp8Block.STRIDE, planes[plane], ((8 * y + row) * across + x) * 8, 8);
            }
            System.arraycopy(area, corner + 7 * Vp8Block.STRIDE, above, 32 * x + 8 + 8 * plane, 8);
        }
    }

    private void filter() {
        Vp8Filter luma = new Vp8Filter(planes[0], 16 * across);
        Vp8Filter[] chroma = {new Vp8Filter(planes[1], 8 * across), new Vp8Filter(planes[2], 8 * across)};
        for (int y = 0; y < down; y++) {
            work.goOn();
            for (int x = 0; x < across; x++) {
                int level = levels[y * across + x];
                if (level > 0) {
                    boolean inside = filteredInside[y * across + x];
                    if (header.hasSimpleFilter()) {
                        simple(luma, x, y, level, inside);
                    } else {
                        normal(luma, 16, x, y, level, inside);
                        normal(chroma[0], 8, x, y, level, inside);
                        normal(chroma[1], 8, x, y, level, inside);
                    }
                }
            }
        }
    }

    private void simple(Vp8Filter luma, int x, int y, int level, boolean inside) {
        int limit = 2 * level + header.interiorLimit(level);
        int stride = 16 * across;
        int at = 16 * (y * stride + x);
        if (x > 0) {
            luma.simpleLeft(at, 16, limit + 4);
        }
        for (int i = 4; inside && i < 16; i += 4) {
            luma.simpleLeft(at + i, 16, limit);
        }
        if (y > 0) {
            luma.simpleTop(at, 16, limit + 4);
        }
        for (int i = 4; inside && i < 16; i += 4) {
            luma.simpleTop(at + i * stride, 16, limit);
        }
    }

    private void normal(Vp8Filter plane, int size, int x, int y, int level, boolean inside) {
        int interior = header.interiorLimit(level);
        int limit = 2 * level + interior;
        int high = level >= 40 ? 2 : level >= 15 ? 1 : 0;
        int stride = size * across;
        int at = size * (y * stride + x);
        if (x > 0) {
            plane.left(at, size, limit + 4, interior, high, false);
        }
        for (int i = 4; inside && i < size; i += 4) {
            plane.left(at + i, size, limit, interior, high, true);
        }
        if (y > 0) {
            plane.top(at, size, limit + 4, interior, high, false);
        }
        for (int i = 4; inside && i < size; i += 4) {
            plane.top(at + i * stride, size, limit, interior, high, true);
        }
    }
}
