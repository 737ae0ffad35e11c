package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/**
 * One output for all items of a request, [batch, ...].
 *
 * @param items at least one, all of the same type and shape, without the batch axis
 * @param whole whether the only item is the output as it is, with all its axes
 */
record OutputTensor(String name, List<Tensor> items, boolean whole) implements ResponseTensor {

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

    @Override
    public String datatype() {
        return type().name();
    }

    /** With the batch axis, if it is no part of a whole. */
    @Override
    public TensorShape shape() {
        TensorShape one = items.get(0).shape();
        return whole ? one : one.prepend(items.size());
    }

    @Override
    public long bytes() {
        return (long) items.size() * items.get(0).shape().elements() * type().bytes();
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
        for (Tensor item : items) {
            if (item instanceof RawTensor raw) {
                out.write(raw.values());
            } else if (item instanceof FloatTensor floats) {
                write(floats.values(), out);
            }
        }
    }

    /** With as many digits as the type needs to be read back exactly. */
    @Override
    public void writeTo(JsonGenerator json) {
        for (Tensor item : items) {
            if (item instanceof RawTensor raw) {
                write(raw, json);
            } else {
                for (float value : item.floats()) {
                    json.writeNumber(value);
                }
            }
        }
    }

    private static void write(RawTensor tensor, JsonGenerator json) {
        ByteBuffer values = tensor.buffer();
        float[] halves = switch (tensor.type()) {
            case FP16, FP32 -> tensor.floats();
            default -> new float[0];
        };
        for (int i = 0; i < tensor.shape().elements(); i++) {
            switch (tensor.type()) {
                case BOOL -> json.writeBoolean(values.get() != 0);
                case UINT8 -> json.writeNumber(values.get() & 0xFF);
                case INT8 -> json.writeNumber(values.get());
                case INT32 -> json.writeNumber(values.getInt());
                case INT64 -> json.writeNumber(values.getLong());
                case FP16, FP32 -> json.writeNumber(halves[i]);
                case FP64 -> json.writeNumber(values.getDouble());
            }
        }
    }

    @Override
    public void requireFinite() {
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
