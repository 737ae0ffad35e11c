package dev.gnserve.backend;

/**
 * A float32 tensor.
 *
 * @param values row-major; not copied: whoever hands them over does not change them any more
 */
@SuppressWarnings(
        "ArrayRecordComponent") // Copying megabytes per image would be the cost of an immutable type; identity is
// equality enough.
public record FloatTensor(TensorShape shape, float[] values) implements Tensor {

    public FloatTensor {
        if (values.length != shape.elements()) {
            throw new IllegalArgumentException(
                    values.length + " values given for shape " + shape + ", which has " + shape.elements());
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
