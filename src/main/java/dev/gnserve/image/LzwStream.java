package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;

/**
 * Bytes that were compressed by LZW (TIFF 6.0, section 13). Also in the order of bits of the first writers, which TIFF 5.0 had not
 * defined.
 */
final class LzwStream extends InputStream {

    private static final int BEGIN_AGAIN = 256;
    private static final int END = 257;
    private static final int FIRST_FREE = 258;
    private static final int SHORTEST = 9;
    private static final int LONGEST = 12;
    private static final int NONE = -1;

    private final byte[] bytes;
    private final int end;
    private final boolean reversed;
    private final boolean oldOrder;
    private final short[] prefixes = new short[1 << LONGEST];
    private final byte[] firsts = new byte[1 << LONGEST];
    private final byte[] lasts = new byte[1 << LONGEST];
    private final short[] lengths = new short[1 << LONGEST];
    /** The rest of a word that was longer than what was asked for. */
    private final byte[] word = new byte[1 << LONGEST];

    private int wordAt;
    private int wordEnd;
    private int at;
    private int held;
    private int count;
    private int bits = SHORTEST;
    private int free = FIRST_FREE;
    private int previous = NONE;
    private boolean ended;

    /** @param reversed whether the lowest bit of a byte is its first */
    LzwStream(byte[] bytes, int from, int length, boolean reversed) {
        this.bytes = bytes;
        this.at = from;
        this.end = from + length;
        this.reversed = reversed;
        // The first code tells to begin again: in the old order its bits are 0 and 1 at the ends of two bytes.
        this.oldOrder = length > 1 && bytes[from] == 0 && (bytes[from + 1] & 1) == 1;
        for (int i = 0; i < 256; i++) {
            firsts[i] = (byte) i;
            lasts[i] = (byte) i;
            lengths[i] = 1;
        }
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int done = Math.min(length, wordEnd - wordAt);
        System.arraycopy(word, wordAt, into, offset, done);
        wordAt += done;
        while (done < length) {
            int code = nextWord();
            if (code == NONE) {
                break;
            }
            int whole = lengths[code];
            if (whole <= length - done) {
                unfold(code, into, offset + done);
                done += whole;
            } else {
                unfold(code, word, 0);
                wordAt = length - done;
                wordEnd = whole;
                System.arraycopy(word, 0, into, offset + done, wordAt);
                done = length;
            }
        }
        return done == 0 && length > 0 ? -1 : done;
    }

    /** The code of the next word; {@link #NONE} at the end. */
    private int nextWord() throws IOException {
        while (!ended) {
            int code = nextCode();
            if (code == END || code == NONE) {
                ended = true;
            } else if (code == BEGIN_AGAIN) {
                bits = SHORTEST;
                free = FIRST_FREE;
                previous = NONE;
            } else {
                learn(code);
                return code;
            }
        }
        return NONE;
    }

    private void learn(int code) throws IOException {

        if (code > free || (code == free && previous == NONE)) {
            throw new CorruptImageException("its LZW data have code %d of %d".formatted(code, free));
        }
        if (previous != NONE && free < prefixes.length) {
            prefixes[free] = (short) previous;
            lengths[free] = (short) (lengths[previous] + 1);
            firsts[free] = firsts[previous];
            lasts[free] = firsts[code == free ? previous : code];
            free++;
            // The writers of today lengthen codes one code early.
            if (free + (oldOrder ? 0 : 1) >= 1 << bits && bits < LONGEST) {
                bits++;
            }
        }
        previous = code;
    }

    /** Writes a word from its end. */
    private void unfold(int code, byte[] into, int offset) {
        int part = code;
        for (int i = offset + lengths[code] - 1; i >= offset; i--) {
            into[i] = lasts[part];
            part = prefixes[part];
        }
    }

    private int nextCode() throws IOException {
        while (count < bits) {
            if (at == end) {
                return NONE;
            }
            int next = reversed ? Integer.reverse(bytes[at++]) >>> 24 : bytes[at++] & 0xFF;
            held = oldOrder ? held | (next << count) : (held << 8) | next;
            count += 8;
        }
        count -= bits;
        int code;
        if (oldOrder) {
            code = held & ((1 << bits) - 1);
            held >>>= bits;
        } else {
            code = (held >>> count) & ((1 << bits) - 1);
        }
        return code;
    }
}
