package dev.gnserve.engine;

/** Values with a shape, row-major, in the Java heap; the data types are the permitted records. */
public sealed interface Tensor permits FloatTensor {

    TensorShape shape();

    /** Its name in the Open Inference Protocol, for example {@code FP32}. */
    String dataType();

    static FloatTensor of(float[] values, int... shape) {
        return new FloatTensor(TensorShape.of(shape), values);
    }
}
