package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.List;

/**
 * One output for all items of a request, [batch, ...].
 *
 * @param items at least one, all of the same type and shape, without the batch axis
 * @param whole whether the only item is the output as it is, with all its axes
 */
record OutputTensor(String name, List<Tensor> items, boolean whole) {

    /** Size of the buffer in bytes: a copy of the whole tensor would double its memory. */
    private static final int CHUNK = 1 << 16;

    OutputTensor {
        Tensor first = items.get(0);
        for (Tensor item : items) {
            if (!item.shape().equals(first.shape()) || item.type() != first.type()) {
                throw RequestBody.invalid(
                        "Output \"%s\" is %s for one item of the batch and %s for another. Send a request for each item."
                                .formatted(name, first, item));
            }
        }
        items = List.copyOf(items);
    }

    /** An output with a batch axis. */
    OutputTensor(String name, List<Tensor> items) {
        this(name, items, false);
    }

    ElementType type() {
        return items.get(0).type();
    }

    /** With the batch axis, if it is no part of a whole. */
    TensorShape shape() {
        TensorShape one = items.get(0).shape();
        return whole ? one : one.prepend(items.size());
    }

    long bytes() {
        return (long) items.size() * items.get(0).shape().elements() * type().bytes();
    }

    /** Writes the values row-major, little-endian. */
    void writeTo(OutputStream out) throws IOException {
        for (Tensor item : items) {
            if (item instanceof RawTensor raw) {
                out.write(raw.values());
            } else if (item instanceof FloatTensor floats) {
                write(floats.values(), out);
            }
        }
    }

    /**
     * Checks that JSON can hold the values.
     *
     * @throws FailureException INVALID_REQUEST for NaN or an infinity
     */
    void requireFinite() {
        for (Tensor item : items) {
            if (type() == ElementType.FP64 && item instanceof RawTensor raw) {
                for (DoubleBuffer doubles = raw.buffer().asDoubleBuffer(); doubles.hasRemaining(); ) {
                    requireFinite(doubles.get());
                }
            } else if (type() == ElementType.FP16 || type() == ElementType.FP32) {
                for (float value : item.floats()) {
                    requireFinite(value);
                }
            }
        }
    }

    private void requireFinite(double value) {
        if (!Double.isFinite(value)) {
            throw RequestBody.invalid(
                    "Output \"%s\" has the value %s, which JSON cannot hold. Request it as binary data (the parameter binary_data)."
                            .formatted(name, value));
        }
    }

    private static void write(float[] values, OutputStream out) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += CHUNK / Float.BYTES) {
            int count = Math.min(CHUNK / Float.BYTES, values.length - from);
            chunk.asFloatBuffer().put(values, from, count);
            out.write(chunk.array(), 0, count * Float.BYTES);
        }
    }
}
