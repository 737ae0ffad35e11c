package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/** The codes of fax compression (ITU-T T.4 and T.6): of runs, from the resource fax.txt, and of modes. */
final class FaxCodes {

    /** The longest code of a run. */
    static final int RUN_BITS = 13;

    /** The longest code of a mode. */
    static final int MODE_BITS = 7;

    /** Longer runs have a code for 64, 128, ... before that of the rest. */
    static final int LEAST_MAKE_UP = 64;

    /** Modes that move the edge of the row above by -3 to 3 are these numbers. */
    static final int MOST_MOVE = 3;

    static final int PASS = 4;
    static final int HORIZONTAL = 5;

    private static final int WHITE = 0;
    private static final int BLACK = 1;

    /** By the next bits: the value, and the length of its code in the lowest four bits; 0 where there is no such code. */
    private static final int[][] RUNS = {new int[1 << RUN_BITS], new int[1 << RUN_BITS]};

    private static final int[] MODES = new int[1 << MODE_BITS];

    static {
        readRuns();
        put(MODES, MODE_BITS, "1", 0);
        put(MODES, MODE_BITS, "011", 1);
        put(MODES, MODE_BITS, "000011", 2);
        put(MODES, MODE_BITS, "0000011", 3);
        put(MODES, MODE_BITS, "010", -1);
        put(MODES, MODE_BITS, "000010", -2);
        put(MODES, MODE_BITS, "0000010", -3);
        put(MODES, MODE_BITS, "0001", PASS);
        put(MODES, MODE_BITS, "001", HORIZONTAL);
    }

    private FaxCodes() {}

    /** The run whose code the next bits begin with: its length times 16, and the bits of its code; 0 for none. */
    static int run(boolean black, int bits) {
        return RUNS[black ? BLACK : WHITE][bits];
    }

    /** The mode that the next bits begin with: times 16, and the bits of its code; 0 for none. */
    static int mode(int bits) {
        return MODES[bits];
    }

    private static void readRuns() {
        try (InputStream in = Objects.requireNonNull(FaxCodes.class.getResourceAsStream("fax.txt"))) {
            new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(line -> line.split(" "))
                    .forEach(columns -> {
                        int length = Integer.parseInt(columns[0]);
                        put(RUNS[WHITE], RUN_BITS, columns[1], length);
                        put(RUNS[BLACK], RUN_BITS, columns[2], length);
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void put(int[] table, int bits, String code, int value) {
        int rest = bits - code.length();
        int from = Integer.parseInt(code, 2) << rest;
        for (int i = from; i < from + (1 << rest); i++) {
            table[i] = value << 4 | code.length();
        }
    }
}
