package dev.gnserve.backend;

/** Values with a shape, row-major, in the Java heap. Immutable by agreement: nobody changes values that were handed over. */
public sealed interface Tensor permits FloatTensor, RawTensor {

    TensorShape shape();

    ElementType type();

    /** The values as float32: INT32, INT64 and FP64 are rounded, BOOL is 0 or 1. May be the tensor's own array. */
    float[] floats();

    static FloatTensor of(float[] values, int... shape) {
        return new FloatTensor(TensorShape.of(shape), values);
    }
}
