package dev.gnserve.protocol;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;

/**
 * Where in the body the values of a tensor stand. They are read when shape and type are known, which may follow them, and
 * straight into the tensor's memory: as objects they would take ten times the space.
 *
 * @param offset of the opening bracket, in bytes
 * @param length up to and with the closing bracket, in bytes
 */
record JsonValues(int offset, int length) {

    /** Skips the values, which also finds out whether they are JSON. */
    static final class Deserializer extends ValueDeserializer<JsonValues> {

        @Override
        public JsonValues deserialize(JsonParser parser, DeserializationContext context) {
            if (parser.currentToken() != JsonToken.START_ARRAY) {
                return context.reportInputMismatch(JsonValues.class, "data must be an array");
            }
            long offset = parser.currentTokenLocation().getByteOffset();
            parser.skipChildren();
            long end = parser.currentLocation().getByteOffset();
            if (offset < 0 || end < offset) {
                return context.reportInputMismatch(JsonValues.class, "the JSON is not UTF-8");
            }
            return new JsonValues(Math.toIntExact(offset), Math.toIntExact(end - offset));
        }
    }
}
