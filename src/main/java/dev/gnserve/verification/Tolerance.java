package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;

/**
 * How far a sound kernel may be from the exact result.
 *
 * <p>With u = 2^-24, the mean m and standard deviation s = sqrt(variance + epsilon) of the group, k = sqrt(1 + (m/s)^2)
 * and xhat = (x - m) / s: rounding m to float32 moves the result by u k |gamma|, a relative error u of 1/s by
 * u |xhat gamma|, and the last addition by at most u times the summands. A float32 kernel that computes its statistics
 * stably therefore errs by a small multiple of
 *
 * <pre>u ((k + |xhat|) |gamma| + |beta|)</pre>
 *
 * <p>PyTorch's contiguous kernel stays below 3.3 of these at every k from 0 to 1e4 and group sizes from 2 to 262144
 * (torch 2.13, AVX-512); {@link #STABLE} allows 16. Its channels-last kernel adds x and x^2 over all positions in
 * float32, in one pass: errors of such sums grow with the root of their length, so this layout is allowed 1 + sqrt(H W)
 * / 4 times as much. That covers it at k near 1 (measured: 160 where 1040 are allowed) and not at k = 100, where x^2
 * cancels and it is 36,000 units off.
 *
 * <p>float16 and bfloat16 results are computed in float32 and rounded once more.
 */
final class Tolerance {

    private static final double UNIT = 0x1p-24;

    private static final double STABLE = 16;

    private final double kernelUnits;
    private final double outputRounding;

    private Tolerance(double kernelUnits, double outputRounding) {
        this.kernelUnits = kernelUnits;
        this.outputRounding = outputRounding;
    }

    static Tolerance of(TensorType type, boolean contiguous, int positions) {
        double layout = contiguous ? 1 : 1 + Math.sqrt(positions) / 4;
        double rounding = switch (type) {
            case BFLOAT16 -> 0x1p-8;
            case FLOAT16 -> 0x1p-11;
            default -> 0;
        };
        return new Tolerance(UNIT * STABLE * layout, rounding);
    }

    /**
     * @param k sqrt(1 + mean^2 / (variance + epsilon)) of the group
     * @param expected the exact result
     */
    double at(double k, double xhat, double gamma, double beta, double expected) {
        // The last term: float16 underflows below 2^-24, which nobody would call a fault.
        double underflow = outputRounding > 0 ? UNIT : 0;
        return kernelUnits * ((k + Math.abs(xhat)) * Math.abs(gamma) + Math.abs(beta))
                + outputRounding * Math.abs(expected)
                + underflow;
    }

    /** What {@link #at} allows per unit of {@code (k + |xhat|) |gamma| + |beta|}. */
    double kernelUnits() {
        return kernelUnits;
    }

    /** What {@link #at} allows per unit of {@code |expected|}. */
    double outputRounding() {
        return outputRounding;
    }
}
