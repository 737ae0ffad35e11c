package dev.gnserve.archive;

import java.nio.ByteBuffer;
import java.util.List;

/** Reads the elements of a strided tensor as float32, row-major. */
final class StridedReader {

    private StridedReader() {}

    static float[] floats(ByteBuffer storage, StoredTensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        List<Long> shape = tensor.shape();
        List<Long> stride = tensor.stride();
        long[] index = new long[shape.size()];
        long at = tensor.offset();
        for (int i = 0; i < values.length; i++) {
            values[i] = element(storage, tensor.type(), at);
            for (int axis = index.length - 1; axis >= 0; axis--) {
                at += stride.get(axis);
                if (++index[axis] < shape.get(axis)) {
                    break;
                }
                at -= stride.get(axis) * index[axis];
                index[axis] = 0;
            }
        }
        return values;
    }

    private static float element(ByteBuffer storage, TensorType type, long at) {
        int position = Math.toIntExact(at * type.bytes());
        return switch (type) {
            case FLOAT32 -> storage.getFloat(position);
            case FLOAT64 -> (float) storage.getDouble(position);
            case FLOAT16 -> half(storage.getShort(position));
            case BFLOAT16 -> Float.intBitsToFloat(storage.getShort(position) << 16);
            default -> throw new IllegalArgumentException("no real type: " + type);
        };
    }

    /** IEEE 754 binary16; {@code Float.float16ToFloat} exists from JDK 20 on only. */
    private static float half(short bits) {
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 31) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Math.scalb(1f + fraction * 0x1p-10f, exponent - 15);
        }
        return bits < 0 ? -magnitude : magnitude;
    }
}
