package dev.gnserve.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;

/** The numbers that the standard of VP8 gives (RFC 6386), from the resource vp8.txt. */
final class Vp8Tables {

    /** Of a set of probabilities: by kind of block, band and context. */
    static final int COEFFICIENTS = 4 * 8 * 3 * 11;

    private static final int MODES = 10 * 10 * 9;
    private static final int STEPS = 128;

    private static final int[] ALL = read();

    private Vp8Tables() {}

    /** The probability that a probability of {@link #coefficients} is replaced. */
    static int update(int index) {
        return ALL[index];
    }

    /** Probabilities of coefficients [4][8][3][11] where a picture does not replace them. */
    static int[] coefficients() {
        int[] own = new int[COEFFICIENTS];
        System.arraycopy(ALL, COEFFICIENTS, own, 0, COEFFICIENTS);
        return own;
    }

    /** A probability in the tree of the modes of a subblock. */
    static int mode(int above, int left, int node) {
        return ALL[2 * COEFFICIENTS + (above * 10 + left) * 9 + node];
    }

    static int dcStep(int quantizer) {
        return ALL[2 * COEFFICIENTS + MODES + quantizer];
    }

    static int acStep(int quantizer) {
        return ALL[2 * COEFFICIENTS + MODES + STEPS + quantizer];
    }

    private static int[] read() {
        try (InputStream in = Objects.requireNonNull(Vp8Tables.class.getResourceAsStream("vp8.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .flatMap(line -> Stream.of(line.split(" ")))
                    .mapToInt(Integer::parseInt)
                    .toArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
