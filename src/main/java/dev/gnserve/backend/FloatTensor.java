package dev.gnserve.backend;

/**
 * A float32 tensor. Thread-safe as long as its array is not changed.
 *
 * @param values row-major; not copied, so the caller must not change them afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // A copy would cost megabytes per image.
public record FloatTensor(TensorShape shape, float[] values) implements Tensor {

    public FloatTensor {
        if (values.length != shape.elements()) {
            throw new IllegalArgumentException(
                    "shape " + shape + " has " + shape.elements() + " values, but " + values.length + " are given");
        }
    }

    @Override
    public ElementType type() {
        return ElementType.FP32;
    }

    @Override
    public float[] floats() {
        return values;
    }

    @Override
    public String toString() {
        return type() + " " + shape;
    }
}
