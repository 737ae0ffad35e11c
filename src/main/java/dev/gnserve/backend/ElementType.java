package dev.gnserve.backend;

/**
 * The types of a tensor's values, named as in the Open Inference Protocol. INT16 and BF16 are missing because the engine's
 * Java binding crashes on them: inputs of these types are refused, and outputs are converted to FP32.
 */
public enum ElementType {
    BOOL(1),
    UINT8(1),
    INT8(1),
    INT32(4),
    INT64(8),
    FP16(2),
    FP32(4),
    FP64(8);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    /** Whether the values are numbers with digits behind the point; else they are whole numbers, such as labels, or truths. */
    public boolean isFloating() {
        return this == FP16 || this == FP32 || this == FP64;
    }

    /** Bytes of one value. */
    public int bytes() {
        return bytes;
    }
}
