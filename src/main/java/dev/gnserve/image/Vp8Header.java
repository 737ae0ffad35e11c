package dev.gnserve.image;

/** The header of a VP8 key frame (RFC 6386, section 9). */
final class Vp8Header {

    static final int SEGMENTS = 4;

    private static final int MOST_QUANTIZER = 127;
    private static final int MOST_CHROMA_DC_QUANTIZER = 117;
    private static final int LEAST_Y2_AC_STEP = 8;
    private static final int MOST_LEVEL = 63;

    private boolean segmentsInMap;
    private boolean absoluteSegments;
    private final int[] segmentQuantizers = new int[SEGMENTS];
    private final int[] segmentLevels = new int[SEGMENTS];
    private final int[] segmentProbabilities = {255, 255, 255};
    private final boolean simpleFilter;
    private final int level;
    private final int sharpness;
    private final int[] levelChanges = new int[8];
    private final boolean changesLevels;
    private final int partitions;
    private final int[] quantizers = new int[6];
    private final int[][] steps = new int[SEGMENTS][];
    private final int[] probabilities = Vp8Tables.coefficients();
    private final int skipProbability;
    private final boolean segmented;

    /** @param bits of the first partition, from its begin */
    Vp8Header(Vp8Bits bits) throws CorruptImageException {
        // The kind of colours, and whether they need to be clamped.
        bits.number(2);
        segmented = bits.flag();
        if (segmented) {
            readSegments(bits);
        }
        simpleFilter = bits.flag();
        level = bits.number(6);
        sharpness = bits.number(3);
        changesLevels = bits.flag();
        if (changesLevels && bits.flag()) {
            for (int i = 0; i < levelChanges.length; i++) {
                levelChanges[i] = bits.optional(6);
            }
        }
        partitions = 1 << bits.number(2);
        quantizers[0] = bits.number(7);
        for (int i = 1; i < quantizers.length; i++) {
            quantizers[i] = bits.optional(4);
        }
        // Whether probabilities are kept for a next frame.
        bits.flag();
        for (int i = 0; i < probabilities.length; i++) {
            if (bits.bit(Vp8Tables.update(i)) == 1) {
                probabilities[i] = bits.number(8);
            }
        }
        skipProbability = bits.flag() ? bits.number(8) : 0;
        for (int i = 0; i < SEGMENTS; i++) {
            steps[i] = makeSteps(i);
        }
    }

    private void readSegments(Vp8Bits bits) throws CorruptImageException {
        segmentsInMap = bits.flag();
        if (bits.flag()) {
            absoluteSegments = bits.flag();
            for (int i = 0; i < SEGMENTS; i++) {
                segmentQuantizers[i] = bits.optional(7);
            }
            for (int i = 0; i < SEGMENTS; i++) {
                segmentLevels[i] = bits.optional(6);
            }
        }
        if (segmentsInMap) {
            for (int i = 0; i < segmentProbabilities.length; i++) {
                segmentProbabilities[i] = bits.flag() ? bits.number(8) : 255;
            }
        }
    }

    /** Into how many partitions the coefficients are divided, row by row in turn. */
    int partitions() {
        return partitions;
    }

    /** Probabilities of coefficients [4][8][3][11]. */
    int[] probabilities() {
        return probabilities;
    }

    boolean hasSimpleFilter() {
        return simpleFilter;
    }

    /** Which of four sets of settings a macroblock has. */
    int segment(Vp8Bits bits) throws CorruptImageException {
        if (!segmentsInMap) {
            return 0;
        }
        return bits.bit(segmentProbabilities[0]) == 0
                ? bits.bit(segmentProbabilities[1])
                : 2 + bits.bit(segmentProbabilities[2]);
    }

    /** Whether a macroblock has no coefficients. */
    boolean isSkipped(Vp8Bits bits) throws CorruptImageException {
        return skipProbability > 0 && bits.bit(skipProbability) == 1;
    }

    /** Steps of coefficients in a segment: DC and AC of luma, of its DC values, and of chroma. */
    int[] steps(int segment) {
        return steps[segment];
    }

    private int[] makeSteps(int segment) {
        int base = quantizers[0];
        if (segmented) {
            base = segmentQuantizers[segment] + (absoluteSegments ? 0 : base);
        }
        return new int[] {
            Vp8Tables.dcStep(clamp(base + quantizers[1], MOST_QUANTIZER)),
            Vp8Tables.acStep(clamp(base, MOST_QUANTIZER)),
            2 * Vp8Tables.dcStep(clamp(base + quantizers[2], MOST_QUANTIZER)),
            Math.max(LEAST_Y2_AC_STEP, Vp8Tables.acStep(clamp(base + quantizers[3], MOST_QUANTIZER)) * 155 / 100),
            Vp8Tables.dcStep(clamp(base + quantizers[4], MOST_CHROMA_DC_QUANTIZER)),
            Vp8Tables.acStep(clamp(base + quantizers[5], MOST_QUANTIZER))
        };
    }

    /** How strongly a macroblock is filtered, from 0 for not at all to 63. */
    int level(int segment, boolean subblocks) {
        if (level == 0) {
            // The frame is not filtered at all, whatever its segments and changes add.
            return 0;
        }
        int own = level;
        if (segmented) {
            own = segmentLevels[segment] + (absoluteSegments ? 0 : own);
        }
        if (changesLevels) {
            own += levelChanges[0] + (subblocks ? levelChanges[4] : 0);
        }
        return clamp(own, MOST_LEVEL);
    }

    /** How much neighbours within a block may differ where it is filtered. */
    int interiorLimit(int filterLevel) {
        int limit = filterLevel;
        if (sharpness > 0) {
            limit = Math.min(limit >> (sharpness > 4 ? 2 : 1), 9 - sharpness);
        }
        return Math.max(1, limit);
    }

    private static int clamp(int value, int most) {
        return Math.max(0, Math.min(most, value));
    }
}
