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
            case FLOAT16 -> Float16.toFloat(storage.getShort(position));
            case BFLOAT16 -> Float.intBitsToFloat(storage.getShort(position) << 16);
            default -> throw new IllegalArgumentException("no real type: " + type);
        };
    }
}
