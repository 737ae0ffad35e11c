package dev.gnserve.image;

import java.util.Arrays;

/**
 * A prefix code of lossless WebP (RFC 9649, 3.7.2). Short codes are looked up; long ones are found by their length, so that a code
 * takes memory for its symbols and not for its longest word.
 */
final class Vp8lCode {

    private static final int LONGEST = 15;
    private static final int LOOKED_UP = 8;

    /** In which order the lengths of the code for lengths come. */
    private static final int[] ORDER = {17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

    private static final int REPEAT = 16;
    private static final int[] REPEAT_BITS = {2, 3, 7};
    private static final int[] REPEAT_LEAST = {3, 3, 11};
    private static final int FIRST_REPEATED = 8;

    /** For each of the next bits: the symbol, and above it the length of its word; 0 where the word is longer. */
    private final int[] table;

    private final int tableBits;
    /** Symbols by length and then by number. */
    private final short[] symbols;

    private final short[] perLength;

    private Vp8lCode(byte[] lengths) throws CorruptImageException {
        perLength = new short[LONGEST + 1];
        int used = 0;
        int longest = 0;
        int only = 0;
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] > 0) {
                perLength[lengths[i]]++;
                longest = Math.max(longest, lengths[i]);
                only = i;
                used++;
            }
        }
        if (used <= 1) {
            // A single symbol has a word without bits.
            symbols = new short[] {(short) only};
            tableBits = 0;
            table = new int[] {only};
            return;
        }
        symbols = new short[used];
        int[] next = new int[LONGEST + 2];
        int open = 1;
        for (int length = 1; length <= LONGEST; length++) {
            open = 2 * open - perLength[length];
            if (open < 0) {
                break;
            }
            next[length + 1] = next[length] + perLength[length];
        }
        if (open != 0) {
            throw new CorruptImageException("one of its prefix codes is not complete");
        }
        for (int i = 0; i < lengths.length; i++) {
            if (lengths[i] > 0) {
                symbols[next[lengths[i]]++] = (short) i;
            }
        }
        tableBits = Math.min(longest, LOOKED_UP);
        table = new int[1 << tableBits];
        int word = 0;
        int symbol = 0;
        for (int length = 1; length <= tableBits; length++, word <<= 1) {
            for (int n = 0; n < perLength[length]; n++, word++) {
                int reversed = Integer.reverse(word) >>> (32 - length);
                for (int i = reversed; i < table.length; i += 1 << length) {
                    table[i] = (length << 16) | (symbols[symbol] & 0xFFFF);
                }
                symbol++;
            }
        }
    }

    /** What the tables of this code take. */
    int bytes() {
        return 4 * table.length + 2 * symbols.length + 128;
    }

    int read(Vp8lBits bits) throws CorruptImageException {
        int next = bits.peek();
        int entry = table[next & ((1 << tableBits) - 1)];
        if (entry >>> 16 != 0 || tableBits == 0) {
            bits.skip(entry >>> 16);
            return entry & 0xFFFF;
        }
        int word = 0;
        int first = 0;
        int symbol = 0;
        for (int length = 1; length <= LONGEST; length++) {
            word |= (next >>> (length - 1)) & 1;
            int count = perLength[length];
            if (word - first < count) {
                bits.skip(length);
                return symbols[symbol + word - first] & 0xFFFF;
            }
            symbol += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        throw new CorruptImageException("one of its prefix codes is not complete");
    }

    /** Reads a code for this many symbols. */
    static Vp8lCode read(Vp8lBits bits, int alphabet) throws CorruptImageException {
        byte[] lengths = new byte[alphabet];
        if (bits.readFlag()) {
            boolean two = bits.readFlag();
            setOne(lengths, bits.read(bits.readFlag() ? 8 : 1));
            if (two) {
                setOne(lengths, bits.read(8));
            }
        } else {
            readLengths(bits, lengths);
        }
        return new Vp8lCode(lengths);
    }

    private static void setOne(byte[] lengths, int symbol) throws CorruptImageException {
        if (symbol >= lengths.length) {
            throw new CorruptImageException("a prefix code has symbol %d of %d".formatted(symbol, lengths.length));
        }
        lengths[symbol] = 1;
    }

    private static void readLengths(Vp8lBits bits, byte[] lengths) throws CorruptImageException {
        byte[] lengthsOfLengths = new byte[ORDER.length];
        int given = 4 + bits.read(4);
        for (int i = 0; i < given; i++) {
            lengthsOfLengths[ORDER[i]] = (byte) bits.read(3);
        }
        int words = bits.readFlag() ? 2 + bits.read(2 + 2 * bits.read(3)) : lengths.length;
        if (words > lengths.length) {
            throw new CorruptImageException(
                    "a prefix code has %d words for %d symbols".formatted(words, lengths.length));
        }
        Vp8lCode code = new Vp8lCode(lengthsOfLengths);
        int previous = FIRST_REPEATED;
        for (int symbol = 0; symbol < lengths.length && words > 0; words--) {
            int length = code.read(bits);
            if (length < REPEAT) {
                lengths[symbol++] = (byte) length;
                previous = length == 0 ? previous : length;
            } else {
                int times = REPEAT_LEAST[length - REPEAT] + bits.read(REPEAT_BITS[length - REPEAT]);
                if (times > lengths.length - symbol) {
                    throw new CorruptImageException("a prefix code has more lengths than symbols");
                }
                Arrays.fill(lengths, symbol, symbol + times, (byte) (length == REPEAT ? previous : 0));
                symbol += times;
            }
        }
    }
}
