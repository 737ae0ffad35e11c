package dev.gnserve.backend;

import java.util.List;

/** A tensor in the Java heap, row-major. Its array is shared and must not be changed. */
public sealed interface Tensor extends ModelInput permits FloatTensor, RawTensor {

    TensorShape shape();

    ElementType type();

    /** The values as float32: INT32, INT64 and FP64 are rounded, BOOL is 0 or 1. May return the tensor's own array. */
    float[] floats();

    @Override
    default long elements() {
        return shape().elements();
    }

    @Override
    default Object kind() {
        return List.of(type(), shape());
    }

    static FloatTensor of(float[] values, int... shape) {
        return new FloatTensor(TensorShape.of(shape), values);
    }
}
