package dev.gnserve.backend;

/**
 * The types of a tensor's values, by their names in the Open Inference Protocol. Those that the engine's Java binding can
 * make: for INT16 and BF16 it ends the process, so the engine gives outputs of these types as FP32 and takes none.
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

    /** Bytes of one value. */
    public int bytes() {
        return bytes;
    }
}
