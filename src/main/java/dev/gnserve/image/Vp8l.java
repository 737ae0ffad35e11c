package dev.gnserve.image;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes lossless WebP (RFC 9649, section 3): each transform at most once, so that the time is in proportion to the pixels, and
 * codes only for what pixels use.
 */
final class Vp8l {

    private static final int SIGNATURE = 0x2F;
    private static final int GREEN_SYMBOLS = 256;
    private static final int LENGTH_SYMBOLS = 24;
    private static final int DISTANCE_SYMBOLS = 40;
    private static final int MOST_CACHE_BITS = 11;
    private static final int CACHE_MULTIPLIER = 0x1E35A7BD;

    /** Distances to near pixels: the rows up in the upper four bits, 8 minus the columns to the left in the lower. */
    private static final int[] NEAR = {
        0x18, 0x07, 0x17, 0x19, 0x28, 0x06, 0x27, 0x29, 0x16, 0x1a, 0x26, 0x2a, 0x38, 0x05, 0x37, 0x39, 0x15, 0x1b,
                0x36, 0x3a,
        0x25, 0x2b, 0x48, 0x04, 0x47, 0x49, 0x14, 0x1c, 0x35, 0x3b, 0x46, 0x4a, 0x24, 0x2c, 0x58, 0x45, 0x4b, 0x34,
                0x3c, 0x03,
        0x57, 0x59, 0x13, 0x1d, 0x56, 0x5a, 0x23, 0x2d, 0x44, 0x4c, 0x55, 0x5b, 0x33, 0x3d, 0x68, 0x02, 0x67, 0x69,
                0x12, 0x1e,
        0x66, 0x6a, 0x22, 0x2e, 0x54, 0x5c, 0x43, 0x4d, 0x65, 0x6b, 0x32, 0x3e, 0x78, 0x01, 0x77, 0x79, 0x53, 0x5d,
                0x11, 0x1f,
        0x64, 0x6c, 0x42, 0x4e, 0x76, 0x7a, 0x21, 0x2f, 0x75, 0x7b, 0x31, 0x3f, 0x63, 0x6d, 0x52, 0x5e, 0x00, 0x74,
                0x7c, 0x41,
        0x4f, 0x10, 0x20, 0x62, 0x6e, 0x30, 0x73, 0x7d, 0x51, 0x5f, 0x40, 0x72, 0x7e, 0x61, 0x6f, 0x50, 0x71, 0x7f,
                0x60, 0x70
    };

    /** Codes may take this much. Encoders make 2,600 groups at most, of some five kilobytes. */
    private static final long CODE_BYTES = 20_000_000;

    /** What codes take at most for each byte of the file. */
    private static final long CODE_BYTES_PER_BYTE = 200;

    /** Of ARGB, a second such array where colours are indexed, and transforms; without the samples made of it. */
    static final double BYTES_PER_PIXEL = 4 + 4 + 1;

    private final Vp8lBits bits;
    private final DecodeWork work;
    private final int width;
    private final int height;
    private long codeBytes = CODE_BYTES;

    private Vp8l(Vp8lBits bits, int width, int height, DecodeWork work) {
        this.bits = bits;
        this.width = width;
        this.height = height;
        this.work = work;
    }

    /** What the codes of a chunk take at most. */
    static long codeBytes(long dataBytes) {
        return Math.min(CODE_BYTES, CODE_BYTES_PER_BYTE * dataBytes);
    }

    /** The picture in these bytes of a chunk, without its alpha. */
    static UprightImage decode(byte[] file, int from, int end, DecodeWork work) throws IOException {
        Vp8l picture = of(file, from, end, work);
        int[] colors = picture.decode();
        byte[] samples = new byte[3 * picture.width * picture.height];
        int out = 0;
        for (int color : colors) {
            samples[out++] = (byte) (color >> 16);
            samples[out++] = (byte) (color >> 8);
            samples[out++] = (byte) color;
        }
        return UprightImage.of8Bit(picture.width, picture.height, 3, samples);
    }

    /** The picture in these bytes of a chunk, as ARGB. */
    static int[] colors(byte[] file, int from, int end, DecodeWork work) throws IOException {
        return of(file, from, end, work).decode();
    }

    /** A picture of a known size without a header, as ARGB: so WebP stores transparency. */
    static int[] headless(byte[] file, int from, int end, int width, int height, DecodeWork work) throws IOException {
        return new Vp8l(new Vp8lBits(file, from, end), width, height, work).decode();
    }

    private static Vp8l of(byte[] file, int from, int end, DecodeWork work) throws IOException {
        Vp8lBits bits = new Vp8lBits(file, from, end);
        if (bits.read(8) != SIGNATURE) {
            throw new CorruptImageException("its image data does not begin as lossless data does");
        }
        int width = bits.read(14) + 1;
        int height = bits.read(14) + 1;
        // Whether there is alpha, and the version.
        bits.read(4);
        return new Vp8l(bits, width, height, work);
    }

    private int[] decode() throws IOException {
        List<Vp8lTransform> transforms = new ArrayList<>();
        int storedWidth = width;
        boolean[] seen = new boolean[4];
        while (bits.readFlag()) {
            int kind = bits.read(2);
            if (seen[kind]) {
                throw new CorruptImageException("it has two transforms of the same kind");
            }
            seen[kind] = true;
            Vp8lTransform transform = transform(kind, storedWidth);
            storedWidth = transform.storedWidth();
            transforms.add(transform);
        }
        int[] colors = pixels(storedWidth, height, true);
        Collections.reverse(transforms);
        for (Vp8lTransform transform : transforms) {
            colors = transform.undo(colors, height, work);
        }
        return colors;
    }

    private Vp8lTransform transform(int kind, int storedWidth) throws IOException {
        if (kind == Vp8lTransform.SUBTRACT_GREEN) {
            return Vp8lTransform.subtractGreen(storedWidth);
        }
        if (kind == Vp8lTransform.COLOR_INDEXING) {
            int colors = bits.read(8) + 1;
            return Vp8lTransform.colorIndexing(storedWidth, pixels(colors, 1, false));
        }
        int blockBits = bits.read(3) + 2;
        int[] blocks = pixels(parts(storedWidth, blockBits), parts(height, blockBits), false);
        return Vp8lTransform.ofBlocks(kind, storedWidth, blockBits, blocks);
    }

    private static int parts(int length, int bits) {
        return (length + (1 << bits) - 1) >> bits;
    }

    /** Codes of one group, in the order of the file: green and lengths, red, blue, alpha, distances. */
    private record Group(Vp8lCode green, Vp8lCode red, Vp8lCode blue, Vp8lCode alpha, Vp8lCode distance) {}

    /** An entropy-coded image as ARGB; only the main image may have many groups of codes. */
    private int[] pixels(int columns, int rows, boolean main) throws IOException {
        int cacheBits = bits.readFlag() ? bits.read(4) : 0;
        if (cacheBits > MOST_CACHE_BITS) {
            throw new CorruptImageException("its colour cache has %d bits".formatted(cacheBits));
        }
        int blockBits = 0;
        int[] groupOfBlock = {0};
        if (main && bits.readFlag()) {
            blockBits = bits.read(3) + 2;
            groupOfBlock = pixels(parts(columns, blockBits), parts(rows, blockBits), false);
            for (int i = 0; i < groupOfBlock.length; i++) {
                groupOfBlock[i] = (groupOfBlock[i] >> 8) & 0xFFFF;
            }
        }
        @Nullable Group[] groups = groups(groupOfBlock, cacheBits);
        return new Image(columns, rows, groups, groupOfBlock, blockBits, cacheBits).decode();
    }

    /** Reads all groups and keeps those that a block uses. */
    private @Nullable Group[] groups(int[] groupOfBlock, int cacheBits) throws IOException {
        @Nullable Group[] groups = new Group[Arrays.stream(groupOfBlock).max().orElse(0) + 1];
        boolean[] used = new boolean[groups.length];
        for (int group : groupOfBlock) {
            used[group] = true;
        }
        int cached = cacheBits == 0 ? 0 : 1 << cacheBits;
        for (int i = 0; i < groups.length; i++) {
            work.goOnNowAndThen();
            Group group = new Group(
                    Vp8lCode.read(bits, GREEN_SYMBOLS + LENGTH_SYMBOLS + cached),
                    Vp8lCode.read(bits, 256),
                    Vp8lCode.read(bits, 256),
                    Vp8lCode.read(bits, 256),
                    Vp8lCode.read(bits, DISTANCE_SYMBOLS));
            if (used[i]) {
                groups[i] = group;
                codeBytes -= group.green().bytes()
                        + group.red().bytes()
                        + group.blue().bytes()
                        + group.alpha().bytes();
                codeBytes -= group.distance().bytes();
                if (codeBytes < 0) {
                    throw new UnsupportedImageException(
                            "its prefix codes take more than %d bytes; save it again with fewer groups of codes"
                                    .formatted(CODE_BYTES));
                }
            }
        }
        return groups;
    }

    /** The pixels of one entropy-coded image. */
    private final class Image {

        private final int columns;
        private final int[] colors;
        private final @Nullable Group[] groups;
        private final int[] groupOfBlock;
        private final int blockBits;
        private final int blocksAcross;
        private final int[] cache;
        private final int cacheShift;

        Image(int columns, int rows, @Nullable Group[] groups, int[] groupOfBlock, int blockBits, int cacheBits) {
            this.columns = columns;
            this.colors = new int[columns * rows];
            this.groups = groups;
            this.groupOfBlock = groupOfBlock;
            this.blockBits = blockBits;
            this.blocksAcross = parts(columns, blockBits);
            this.cache = new int[cacheBits == 0 ? 0 : 1 << cacheBits];
            this.cacheShift = 32 - cacheBits;
        }

        int[] decode() throws IOException {
            int x = 0;
            int y = 0;
            int at = 0;
            Group group = group(0, 0);
            int blockMask = blockBits == 0 ? -1 : (1 << blockBits) - 1;
            while (at < colors.length) {
                if (x >= columns) {
                    y += x / columns;
                    x %= columns;
                    work.goOn();
                    group = group(x, y);
                } else if ((x & blockMask) == 0) {
                    group = group(x, y);
                }
                int symbol = group.green().read(bits);
                if (symbol < GREEN_SYMBOLS) {
                    int red = group.red().read(bits);
                    int blue = group.blue().read(bits);
                    int alpha = group.alpha().read(bits);
                    put(at++, (alpha << 24) | (red << 16) | (symbol << 8) | blue);
                    x++;
                } else if (symbol < GREEN_SYMBOLS + LENGTH_SYMBOLS) {
                    int length = number(symbol - GREEN_SYMBOLS);
                    int distance = distance(number(group.distance().read(bits)));
                    if (distance > at || length > colors.length - at) {
                        throw new CorruptImageException("it repeats %d pixels from %d before pixel %d of %d"
                                .formatted(length, distance, at, colors.length));
                    }
                    for (int end = at + length; at < end; at++) {
                        put(at, colors[at - distance]);
                    }
                    x += length;
                    if (x < columns) {
                        group = group(x, y);
                    }
                } else {
                    int index = symbol - GREEN_SYMBOLS - LENGTH_SYMBOLS;
                    put(at++, cache[index]);
                    x++;
                }
            }
            return colors;
        }

        private Group group(int x, int y) throws IOException {
            Group group = groups[groupOfBlock[blockBits == 0 ? 0 : (y >> blockBits) * blocksAcross + (x >> blockBits)]];
            if (group == null) {
                throw new CorruptImageException("a block has no codes");
            }
            return group;
        }

        private void put(int at, int color) {
            colors[at] = color;
            if (cache.length > 0) {
                cache[(CACHE_MULTIPLIER * color) >>> cacheShift] = color;
            }
        }

        /** A length or a distance from its symbol and more bits. */
        private int number(int symbol) throws IOException {
            if (symbol < 4) {
                return symbol + 1;
            }
            int more = (symbol - 2) >> 1;
            return ((2 + (symbol & 1)) << more) + bits.read(more) + 1;
        }

        private int distance(int number) {
            if (number > NEAR.length) {
                return number - NEAR.length;
            }
            int near = NEAR[number - 1];
            return Math.max(1, (near >> 4) * columns + 8 - (near & 15));
        }
    }
}
