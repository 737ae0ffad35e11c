package dev.gnserve.protocol;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.ValueDeserializer;

/**
 * The position of a tensor's values in the body. They are read later, when shape and type are known, which may come after them, and
 * directly into the tensor's memory: as objects they would take ten times as much.
 *
 * @param offset of the opening bracket, in bytes
 * @param length in bytes, with both brackets
 */
record JsonValues(int offset, int length) {

    /** Skips the values. Checks that they are JSON. */
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
