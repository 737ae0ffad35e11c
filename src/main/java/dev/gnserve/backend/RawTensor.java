package dev.gnserve.backend;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor of any type but float32, as the bytes that the engine and the Open Inference Protocol exchange.
 *
 * @param values row-major, little-endian; not copied: whoever hands them over does not change them any more
 */
@SuppressWarnings("ArrayRecordComponent") // As in FloatTensor.
public record RawTensor(ElementType type, TensorShape shape, byte[] values) implements Tensor {

    public RawTensor {
        if (type == ElementType.FP32) {
            throw new IllegalArgumentException("float32 values are a FloatTensor");
        }
        if (values.length != (long) shape.elements() * type.bytes()) {
            throw new IllegalArgumentException(values.length + " bytes given for " + type + " " + shape + ", which has "
                    + (long) shape.elements() * type.bytes());
        }
    }

    /** The values in their order, to be read by the type's own getter. */
    public ByteBuffer buffer() {
        return ByteBuffer.wrap(values).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public float[] floats() {
        ByteBuffer in = buffer();
        float[] floats = new float[shape.elements()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = switch (type) {
                case BOOL -> in.get() == 0 ? 0 : 1;
                case UINT8 -> in.get() & 0xFF;
                case INT8 -> in.get();
                case INT32 -> in.getInt();
                case INT64 -> in.getLong();
                case FP16 -> half(in.getShort());
                case FP32 -> in.getFloat();
                case FP64 -> (float) in.getDouble();
            };
        }
        return floats;
    }

    /** The value of an IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude;
        if (exponent == 0x1F) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else if (exponent == 0) {
            magnitude = Math.scalb((float) fraction, -24);
        } else {
            magnitude = Math.scalb((float) (fraction | 0x400), exponent - 25);
        }
        return bits < 0 ? -magnitude : magnitude;
    }

    @Override
    public String toString() {
        return type + " " + shape;
    }
}
