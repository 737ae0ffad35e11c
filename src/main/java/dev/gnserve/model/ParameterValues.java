package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import tools.jackson.databind.JsonNode;

/** Reads the tensors that go into a model beside an image from JSON: arrays with the nesting of their shape, or flat ones. */
final class ParameterValues {

    private final String name;
    private final ElementType type;
    private final TensorShape shape;
    private final ByteBuffer values;

    private ParameterValues(ImageParameters.Input input) {
        name = input.name();
        type = input.type();
        shape = Objects.requireNonNull(input.shape());
        values = ByteBuffer.allocate(shape.elements() * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * A tensor.
     *
     * @throws IllegalArgumentException if the values are not those of the input; the message names them
     */
    static Tensor read(ImageParameters.Input input, JsonNode json) {
        return new ParameterValues(input).read(json);
    }

    private Tensor read(JsonNode json) {
        boolean nested =
                json.isArray() && shape.rank() > 1 && json.valueStream().anyMatch(JsonNode::isArray);
        if (nested) {
            add(json, 0);
        } else if (json.isArray()) {
            requireCount(json.size(), shape.elements());
            json.forEach(this::add);
        } else {
            requireCount(1, shape.elements());
            add(json);
        }
        if (type != ElementType.FP32) {
            return new RawTensor(type, shape, values.array());
        }
        float[] floats = new float[shape.elements()];
        values.flip().asFloatBuffer().get(floats);
        return new FloatTensor(shape, floats);
    }

    private void add(JsonNode json, int axis) {
        if (axis == shape.rank()) {
            add(json);
            return;
        }
        requireCount(json.isArray() ? json.size() : 0, shape.size(axis));
        json.forEach(part -> add(part, axis + 1));
    }

    private void requireCount(int count, int wanted) {
        if (count != wanted) {
            throw new IllegalArgumentException("\"%s\" has the shape %s, but an array with %d values where %d belong"
                    .formatted(name, shape, count, wanted));
        }
    }

    private void add(JsonNode value) {
        switch (type) {
            case BOOL -> values.put((byte) (flag(value) ? 1 : 0));
            case UINT8 -> values.put((byte) whole(value, 0, 255));
            case INT8 -> values.put((byte) whole(value, Byte.MIN_VALUE, Byte.MAX_VALUE));
            case INT32 -> values.putInt((int) whole(value, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case INT64 -> values.putLong(whole(value, Long.MIN_VALUE, Long.MAX_VALUE));
            case FP32 -> values.putFloat((float) number(value, Float.MAX_VALUE));
            case FP64 -> values.putDouble(number(value, Double.MAX_VALUE));
            case FP16 -> throw new IllegalArgumentException("\"" + name + "\" has the type fp16; allowed is fp32");
        }
    }

    private boolean flag(JsonNode value) {
        if (!value.isBoolean()) {
            throw wrong(value, "true or false");
        }
        return value.booleanValue();
    }

    private long whole(JsonNode value, long least, long most) {
        if (!value.isIntegralNumber()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            throw wrong(value, "a whole number of the type " + type);
        }
        return value.longValue();
    }

    private double number(JsonNode value, double most) {
        if (!value.isNumber() || !(Math.abs(value.doubleValue()) <= most)) {
            throw wrong(value, "a number of the type " + type);
        }
        return value.doubleValue();
    }

    private IllegalArgumentException wrong(JsonNode value, String wanted) {
        String shown = value.toString();
        return new IllegalArgumentException("\"%s\" has the value %s, which is not %s"
                .formatted(name, shown.length() <= 40 ? shown : shown.substring(0, 40) + "...", wanted));
    }
}
