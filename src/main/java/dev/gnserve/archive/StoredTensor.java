package dev.gnserve.archive;

import java.util.List;

/**
 * A tensor's place in an archive. Immutable.
 *
 * @param type element type
 * @param shape sizes of the axes; empty for a scalar
 * @param stride distance of neighbouring elements along each axis, in elements
 * @param storage archive entry with the elements, little-endian: {@code data/0}
 * @param storageElements number of elements in the whole storage, as the pickle declares it
 * @param offset index of the tensor's first element in the storage
 */
public record StoredTensor(
        TensorType type, List<Long> shape, List<Long> stride, String storage, long storageElements, long offset) {

    public StoredTensor {
        shape = List.copyOf(shape);
        stride = List.copyOf(stride);
        if (!liesWithin(storageElements, offset, shape, stride)) {
            throw new TorchScriptException("a tensor of shape " + shape + ", stride " + stride + " and offset " + offset
                    + " does not fit its storage of " + storageElements + " elements: the archive is damaged");
        }
    }

    private static boolean liesWithin(long storageElements, long offset, List<Long> shape, List<Long> stride) {
        if (shape.size() != stride.size() || offset < 0 || storageElements < 0) {
            return false;
        }
        try {
            long count = 1;
            long last = offset;
            for (int axis = 0; axis < shape.size(); axis++) {
                long size = shape.get(axis);
                long step = stride.get(axis);
                if (size < 0 || step < 0) {
                    return false;
                }
                count = Math.multiplyExact(count, size);
                last = Math.addExact(last, Math.multiplyExact(Math.max(size - 1, 0), step));
            }
            return count == 0 || last < storageElements;
        } catch (ArithmeticException tooLarge) {
            return false;
        }
    }

    /** The number of elements. */
    public long elements() {
        return shape.stream().reduce(1L, (a, b) -> a * b);
    }
}
