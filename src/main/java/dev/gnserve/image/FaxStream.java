package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * Rows of black and white pixels that were compressed for fax: one bit for each pixel, 1 for black, and whole bytes for each row
 * (ITU-T T.4 and T.6; TIFF 6.0, sections 10 and 11). A row that does not fill the width is damage, and is not guessed.
 */
final class FaxStream extends InputStream {

    /** How rows are coded. */
    enum Coding {
        /** By runs, each row from a whole byte on (TIFF compression 2). */
        RUNS,
        /** By runs, after a mark of 12 bits or more that ends the row before (group 3, one-dimensional). */
        GROUP_3,
        /** As before; a bit behind the mark tells whether a row is coded by runs or by the row above (group 3, two-dimensional). */
        GROUP_3_MIXED,
        /** By the row above, which is white for the first (group 4). */
        GROUP_4
    }

    private static final int MARK_ZEROS = 11;

    private final InputStream in;
    private final Coding coding;
    private final int width;

    /** Where the colour changes in a row, which begins with white; then the width, three times. */
    private int[] edges;

    private int[] above;
    private int count;
    private final byte[] row;
    private int taken;
    private int held;
    private int bits;
    private boolean ended;

    FaxStream(InputStream in, Coding coding, int width) {
        this.in = in;
        this.coding = coding;
        this.width = width;
        this.edges = new int[width + 4];
        this.above = new int[width + 4];
        this.row = new byte[(width + 7) / 8];
        this.taken = row.length;
        close(edges);
    }

    @Override
    public int read() throws IOException {
        if (taken == row.length && !nextRow()) {
            return -1;
        }
        return row[taken++] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (taken == row.length && !nextRow()) {
            return -1;
        }
        int some = Math.min(length, row.length - taken);
        System.arraycopy(row, taken, into, offset, some);
        taken += some;
        return some;
    }

    private boolean nextRow() throws IOException {
        int[] swapped = above;
        above = edges;
        edges = swapped;
        count = 0;
        switch (coding) {
            case RUNS -> {
                bits -= bits % 8;
                readRuns();
            }
            case GROUP_3 -> {
                skipMark();
                if (!isMark()) {
                    readRuns();
                }
            }
            case GROUP_3_MIXED -> {
                boolean marked = skipMark();
                if (!marked || !isMark()) {
                    if (!marked || take(1) == 1) {
                        readRuns();
                    } else {
                        readByRowAbove();
                    }
                }
            }
            case GROUP_4 -> {
                if (!isMark()) {
                    readByRowAbove();
                }
            }
        }
        if (ended) {
            return false;
        }
        close(edges);
        paint();
        return true;
    }

    /** Whether a mark is next where a row should begin: several of them end the data. */
    private boolean isMark() throws IOException {
        // In mixed coding a bit is between two marks.
        int gap = coding == Coding.GROUP_3_MIXED ? 1 : 0;
        ended = peek(MARK_ZEROS + 1 + gap) << (Integer.SIZE - MARK_ZEROS - 1) >>> (Integer.SIZE - MARK_ZEROS - 1) == 1
                || isAtEnd();
        return ended;
    }

    /** Skips zeros, eleven at least, and a one; whether there were any. */
    private boolean skipMark() throws IOException {
        if (peek(MARK_ZEROS) != 0 || isAtEnd()) {
            return false;
        }
        take(MARK_ZEROS);
        while (take(1) == 0) {
            if (isAtEnd()) {
                return false;
            }
        }
        return true;
    }

    private void readRuns() throws IOException {
        if (isAtEnd()) {
            ended = true;
            return;
        }
        int at = 0;
        while (at < width) {
            at += run();
            edge(at);
        }
    }

    private void readByRowAbove() throws IOException {
        if (isAtEnd()) {
            ended = true;
            return;
        }
        int at = -1;
        int next = 0;
        while (at < width) {
            boolean black = (count & 1) == 1;
            // The first edge of the row above that is to the right, and changes to the other colour.
            next = Math.max(0, next - 2);
            next += (next & 1) == (black ? 1 : 0) ? 0 : 1;
            while (above[next] <= at && above[next] < width) {
                next += 2;
            }
            int found = FaxCodes.mode(peek(FaxCodes.MODE_BITS));
            if (found == 0) {
                throw damaged();
            }
            take(found & 15);
            int mode = found >> 4;
            if (mode == FaxCodes.PASS) {
                at = above[next + 1];
            } else if (mode == FaxCodes.HORIZONTAL) {
                at = Math.max(0, at) + run();
                edge(at);
                at += run();
                edge(at);
            } else {
                int moved = above[next] + mode;
                if (moved < Math.max(0, at)) {
                    throw damaged();
                }
                at = moved;
                edge(at);
            }
        }
    }

    /** The length of a run of the colour that is next. */
    private int run() throws IOException {
        boolean black = (count & 1) == 1;
        int length = 0;
        int part;
        do {
            int found = FaxCodes.run(black, peek(FaxCodes.RUN_BITS));
            if (found == 0 || length > width) {
                throw damaged();
            }
            take(found & 15);
            part = found >> 4;
            length += part;
        } while (part >= FaxCodes.LEAST_MAKE_UP);
        return length;
    }

    /** Notes that the colour changes; twice at the same place is not at all. */
    private void edge(int at) throws CorruptImageException {
        if (at > width) {
            throw damaged();
        }
        if (count > 0 && edges[count - 1] == at) {
            count--;
        } else {
            edges[count++] = at;
        }
    }

    private void close(int[] list) {
        Arrays.fill(list, count, Math.min(list.length, count + 3), width);
    }

    private void paint() {
        Arrays.fill(row, (byte) 0);
        for (int i = 0; i < count; i += 2) {
            int end = i + 1 < count ? edges[i + 1] : width;
            for (int x = edges[i]; x < end; x++) {
                if ((x & 7) == 0 && end - x >= 8) {
                    row[x >> 3] = (byte) 0xFF;
                    x += 7;
                } else {
                    row[x >> 3] |= (byte) (0x80 >> (x & 7));
                }
            }
        }
        taken = 0;
    }

    private static CorruptImageException damaged() {
        return new CorruptImageException("a row of its fax data is damaged");
    }

    private boolean isAtEnd() throws IOException {
        return bits <= 0 && fill(1) == 0;
    }

    /** The next bits, with zeros behind the end; 24 at most. */
    private int peek(int wanted) throws IOException {
        int missing = wanted - fill(wanted);
        return missing > 0 ? (held & ((1 << bits) - 1)) << missing : held >>> (bits - wanted) & ((1 << wanted) - 1);
    }

    private int take(int wanted) throws IOException {
        int next = peek(wanted);
        bits = Math.max(0, bits - wanted);
        return next;
    }

    /** Reads until so many bits are held, or there are no more; how many are held. */
    private int fill(int wanted) throws IOException {
        while (bits < wanted) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            held = held << 8 | next;
            bits += 8;
        }
        return bits;
    }
}
