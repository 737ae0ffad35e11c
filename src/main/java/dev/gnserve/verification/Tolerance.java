package dev.gnserve.verification;

import dev.gnserve.archive.TensorType;

/**
 * The allowed error of an engine's result. Immutable and thread-safe.
 *
 * <p>With u = 2^-24, the mean m and standard deviation s = sqrt(variance + epsilon) of the group, k = sqrt(1 + (m/s)^2)
 * and xhat = (x - m) / s: rounding m to float32 changes the result by u k |gamma|, a relative error u of 1/s by
 * u |xhat gamma|, and the last addition by at most u times the summands. So the error of a float32 kernel with stable statistics is
 * a small multiple of
 *
 * <pre>u ((k + |xhat|) |gamma| + |beta|)</pre>
 *
 * <p>The error of PyTorch's contiguous kernel is below 3.3 of these units, at every k from 0 to 1e4 and group sizes from 2 to
 * 262144 (measured with torch 2.13, AVX-512); {@link #STABLE} allows 16. PyTorch's channels-last kernel sums x and x^2 over all
 * positions in float32. The error of such sums grows with the root of their length, so this layout may have 1 + sqrt(H W) / 4 times
 * the error. That is enough at k near 1 (measured: 160 units, allowed 1040). At k = 100 the difference of the sums cancels, and the
 * error is 36,000 units: such a layer fails.
 *
 * <p>The formula of the plan channels-last sums L values of a channel in float32, and combines the sums in float64. A sum of L squares
 * errs by up to L u of itself (Higham 2002, section 4.2), so 1/s by L u / 2. Random values stay far below. Where most of the image has
 * one value, or one value outweighs all others, each addition errs in the same direction: one pixel of 1e6 in 64 x 64 pixels gives 60
 * units, and a black image with one white pixel of 1,000 in 256 x 256 gives 28. So this formula may have L / 2 units more.
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

    /** Of a call that the formula of the plan computes, which has float32 input. */
    static Tolerance ofPlan(int channels, int positions) {
        return new Tolerance(UNIT * (STABLE + longestSum(channels, positions) / 2.0), 0);
    }

    /**
     * How many values of a channel the plan sums in float32, as in {@link dev.gnserve.archive.PlannedArchive}: it sees several positions as
     * one of more channels. 0 where the sums would stay long, and PyTorch's contiguous kernel runs.
     */
    static int longestSum(int channels, int positions) {
        int merged = 1;
        while (positions > (long) merged * merged * channels
                && 2L * merged * channels <= 2048
                && positions % (2 * merged) == 0) {
            merged *= 2;
        }
        int length = positions / merged;
        return length <= 8L * merged * channels ? length : 0;
    }

    /**
     * @param k sqrt(1 + mean^2 / (variance + epsilon)) of the group
     * @param expected the exact result
     */
    double at(double k, double xhat, double gamma, double beta, double expected) {
        // float16 underflows below 2^-24, which is not a fault.
        double underflow = outputRounding > 0 ? UNIT : 0;
        return kernelUnits * ((k + Math.abs(xhat)) * Math.abs(gamma) + Math.abs(beta))
                + outputRounding * Math.abs(expected)
                + underflow;
    }

    /** The allowed error per unit of {@code (k + |xhat|) |gamma| + |beta|}. */
    double kernelUnits() {
        return kernelUnits;
    }

    /** The allowed error per unit of {@code |expected|}. */
    double outputRounding() {
        return outputRounding;
    }
}
