package dev.gnserve.backend;

import dev.gnserve.archive.Float16;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A tensor of any type except float32, as raw bytes of the Open Inference Protocol. Thread-safe as long as its array is not
 * changed.
 *
 * @param values row-major, little-endian; not copied, so the caller must not change them afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // As in FloatTensor.
public record RawTensor(ElementType type, TensorShape shape, byte[] values) implements Tensor {

    public RawTensor {
        if (type == ElementType.FP32) {
            throw new IllegalArgumentException("float32 values are a FloatTensor");
        }
        if (values.length != (long) shape.elements() * type.bytes()) {
            throw new IllegalArgumentException(type + " " + shape + " has " + (long) shape.elements() * type.bytes()
                    + " bytes, but " + values.length + " are given");
        }
    }

    /** The values, little-endian. */
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
                case FP16 -> Float16.toFloat(in.getShort());
                case FP32 -> in.getFloat();
                case FP64 -> (float) in.getDouble();
            };
        }
        return floats;
    }

    @Override
    public String toString() {
        return type + " " + shape;
    }
}
