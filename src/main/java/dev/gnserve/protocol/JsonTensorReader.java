package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads the values of one tensor from JSON, flat or nested as its shape, into little-endian bytes. For one thread. */
final class JsonTensorReader {

    private final String name;
    private final ElementType type;
    private final TensorShape shape;
    private final ByteBuffer values;

    private JsonTensorReader(String name, ElementType type, TensorShape shape) {
        this.name = name;
        this.type = type;
        this.shape = shape;
        this.values = ByteBuffer.allocate(Math.multiplyExact(shape.elements(), type.bytes()))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads the values.
     *
     * @param name of the input, for messages
     * @throws FailureException INVALID_REQUEST if values are missing, too many, of another kind, or out of the type's range
     */
    static ByteBuffer read(String name, ElementType type, TensorShape shape, RequestBody body, JsonValues data) {
        // A value takes at least two bytes, with its comma. So a shape without data allocates no memory.
        if (shape.elements() > data.length() / 2) {
            throw RequestBody.invalid("Input \"%s\" of shape %s needs %,d values. Its data have fewer."
                    .formatted(name, shape, shape.elements()));
        }
        JsonTensorReader reader = new JsonTensorReader(name, type, shape);
        try (JsonParser parser = body.parser(data)) {
            parser.nextToken();
            if (parser.nextToken() == JsonToken.START_ARRAY && shape.rank() > 0) {
                reader.readRest(parser, 0);
            } else {
                reader.readFlat(parser);
            }
        } catch (JacksonException e) {
            throw RequestBody.notJson(e);
        }
        return reader.values.flip();
    }

    private void readFlat(JsonParser parser) {
        int count = 0;
        for (JsonToken token = parser.currentToken(); token != JsonToken.END_ARRAY; token = parser.nextToken()) {
            if (count++ == shape.elements()) {
                throw miscounted("more");
            }
            readValue(parser, token);
        }
        if (count < shape.elements()) {
            throw miscounted("fewer");
        }
    }

    /** Reads the array of an axis from its first element, the parser's current token, to its end. */
    private void readRest(JsonParser parser, int axis) {
        int size = shape.size(axis);
        JsonToken token = parser.currentToken();
        for (int i = 0; i < size; i++) {
            if (axis == shape.rank() - 1) {
                readValue(parser, token);
            } else if (token == JsonToken.START_ARRAY) {
                parser.nextToken();
                readRest(parser, axis + 1);
            } else {
                throw wrongNesting(axis);
            }
            token = parser.nextToken();
        }
        if (token != JsonToken.END_ARRAY) {
            throw wrongNesting(axis);
        }
    }

    private void readValue(JsonParser parser, JsonToken token) {
        switch (type) {
            case BOOL -> values.put((byte) (bool(token) ? 1 : 0));
            case UINT8 -> values.put((byte) integer(parser, token, 0, 255));
            case INT8 -> values.put((byte) integer(parser, token, Byte.MIN_VALUE, Byte.MAX_VALUE));
            case INT32 -> values.putInt((int) integer(parser, token, Integer.MIN_VALUE, Integer.MAX_VALUE));
            case INT64 -> values.putLong(integer(parser, token, Long.MIN_VALUE, Long.MAX_VALUE));
            case FP16 -> {
                double value = number(parser, token).getDoubleValue();
                requireFit(HalfPrecision.fits(value), parser);
                values.putShort(HalfPrecision.bits(value));
            }
            case FP32 -> {
                float value = number(parser, token).getFloatValue();
                requireFit(Float.isFinite(value), parser);
                values.putFloat(value);
            }
            case FP64 -> {
                double value = number(parser, token).getDoubleValue();
                requireFit(Double.isFinite(value), parser);
                values.putDouble(value);
            }
        }
    }

    private boolean bool(JsonToken token) {
        if (token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE) {
            return token == JsonToken.VALUE_TRUE;
        }
        throw notA("true or false", token);
    }

    private long integer(JsonParser parser, JsonToken token, long least, long most) {
        if (token != JsonToken.VALUE_NUMBER_INT) {
            throw notA("a whole number", token);
        }
        boolean isLong = parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER;
        requireFit(isLong && parser.getLongValue() >= least && parser.getLongValue() <= most, parser);
        return parser.getLongValue();
    }

    private JsonParser number(JsonParser parser, JsonToken token) {
        if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
            throw notA("a number", token);
        }
        return parser;
    }

    private void requireFit(boolean fits, JsonParser parser) {
        if (!fits) {
            String value = parser.getString();
            String shown = value.length() <= 40 ? value : value.substring(0, 40) + "...";
            throw RequestBody.invalid(
                    "Input \"%s\": value %,d is %s, which %s cannot hold.".formatted(name, position(), shown, type));
        }
    }

    private FailureException notA(String wanted, JsonToken token) {
        String found = switch (token) {
            case START_ARRAY, END_ARRAY -> ": the nesting differs from the shape " + shape;
            case VALUE_NULL -> ", but null";
            case VALUE_STRING -> ", but a string";
            case VALUE_NUMBER_FLOAT, VALUE_NUMBER_INT -> ", but another kind of number";
            default -> "";
        };
        return RequestBody.invalid(
                "Input \"%s\" of type %s: value %,d is not %s%s.".formatted(name, type, position(), wanted, found));
    }

    private FailureException miscounted(String moreOrFewer) {
        return RequestBody.invalid("Input \"%s\" of shape %s needs %,d values. Its data have %s."
                .formatted(name, shape, shape.elements(), moreOrFewer));
    }

    private FailureException wrongNesting(int axis) {
        return RequestBody.invalid(
                "Input \"%s\": the nesting of its data differs from its shape %s at axis %d. Nest them as the shape, or send them flat."
                        .formatted(name, shape, axis));
    }

    private int position() {
        return values.position() / type.bytes();
    }
}
