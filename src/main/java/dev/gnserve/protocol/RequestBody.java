package dev.gnserve.protocol;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.ValueInstantiationException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The body of an inference request: JSON, and the binary data after it.
 *
 * @param bytes the whole body; shared, not copied
 * @param request the JSON
 * @param jsonLength length of the JSON in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy of an upload would cost 32 MB.
record RequestBody(byte[] bytes, InferRequest request, int jsonLength) {

    static final String HEADER_LENGTH = "Inference-Header-Content-Length";

    /** Characters of a name or id, at most. */
    private static final int LONGEST_TEXT = 10_000;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(32)
                            .maxStringLength(LONGEST_TEXT)
                            .maxNameLength(LONGEST_TEXT)
                            .build())
                    .build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();

    /**
     * Parses the JSON and checks the sizes of the binary data.
     *
     * @param headerLength the header {@value #HEADER_LENGTH}, or null
     * @throws FailureException INVALID_REQUEST
     */
    static RequestBody read(byte[] bytes, @Nullable String headerLength) {
        int jsonLength = jsonLength(bytes, headerLength);
        if (jsonLength == 0 && bytes.length > 0) {
            throw invalid(
                    ("The header %s is 0, so the body of %,d bytes has no JSON. A body of nothing but binary data is not"
                                    + " supported: send the JSON of an inference request before the data, and its length in this header.")
                            .formatted(HEADER_LENGTH, bytes.length));
        }
        if (jsonLength == 0) {
            throw invalid("The body is empty. Send the JSON of an inference request.");
        }
        InferRequest request;
        try {
            request = JSON.readerFor(InferRequest.class).readValue(bytes, 0, jsonLength);
        } catch (JacksonException e) {
            throw notJson(e);
        }
        if (request == null) {
            throw invalid("The JSON is null. Send that of an inference request.");
        }
        RequestBody body = new RequestBody(bytes, request, jsonLength);
        body.requireAllBytesTaken();
        return body;
    }

    /** The binary data of an input, from the buffer's position to its limit. */
    ByteBuffer binary(int place) {
        int from = jsonLength;
        for (InferRequest.Input before : request.inputs().subList(0, place)) {
            from += binarySize(before);
        }
        return ByteBuffer.wrap(bytes, from, binarySize(request.inputs().get(place)));
    }

    /** At most the length of the body. */
    private static int binarySize(InferRequest.Input input) {
        Long size = input.parameters() == null ? null : input.parameters().binaryDataSize();
        return size == null ? 0 : Math.toIntExact(size);
    }

    JsonParser parser(JsonValues values) {
        return JSON.createParser(bytes, values.offset(), values.length());
    }

    /** The failure for JSON that cannot be read. */
    static FailureException notJson(JacksonException cause) {
        if (cause instanceof Unsupported.Refused) {
            return invalid("%s is not supported: %s.".formatted(path(cause), cause.getOriginalMessage()));
        }
        String what = what(cause);
        String where = cause.getPath().isEmpty() ? "" : " at " + path(cause);
        Failure failure = Failure.of(
                FailureCode.INVALID_REQUEST,
                "The JSON of the request cannot be read%s: %s".formatted(where, what),
                cause);
        return failure.asException();
    }

    /** Jackson's message, unless it names Java types, which mean nothing to a client. */
    private static String what(JacksonException cause) {
        if (cause instanceof ValueInstantiationException && cause.getCause() != null) {
            return String.valueOf(cause.getCause().getMessage());
        }
        if (cause.getOriginalMessage().startsWith("No content")) {
            return "it is blank. Send the JSON of an inference request";
        }
        if (cause instanceof MismatchedInputException mismatch && mismatch.getTargetType() != JsonValues.class) {
            return "the value has another type than the protocol defines";
        }
        String message = String.valueOf(cause.getOriginalMessage());
        return message.startsWith("Non-standard token")
                ? "JSON has no NaN and no Infinity. Send such a tensor as binary data."
                : message;
    }

    /** Written as {@code inputs[0].shape}. */
    private static String path(JacksonException cause) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : cause.getPath()) {
            if (step.getPropertyName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return path.toString();
    }

    static FailureException invalid(String detail) {
        return Failure.of(FailureCode.INVALID_REQUEST, detail).asException();
    }

    private void requireAllBytesTaken() {
        long declared = 0;
        for (InferRequest.Input input : request.inputs()) {
            Long size = input.parameters() == null ? null : input.parameters().binaryDataSize();
            long left = bytes.length - jsonLength - declared;
            if (size != null && size > left) {
                throw invalid(("Input \"%s\" has a binary_data_size of %,d, but only %,d bytes are left after the JSON,"
                                + " which has %,d bytes (%s).")
                        .formatted(input.name(), size, left, jsonLength, HEADER_LENGTH));
            }
            declared += size == null ? 0 : size;
        }
        if (declared != bytes.length - jsonLength) {
            throw invalid("The body has %,d bytes after the JSON, but the binary_data_size of the inputs add up to %,d."
                    .formatted(bytes.length - jsonLength, declared));
        }
    }

    private static int jsonLength(byte[] bytes, @Nullable String headerLength) {
        if (headerLength == null) {
            return bytes.length;
        }
        try {
            long length = Long.parseLong(headerLength.strip());
            if (length >= 0 && length <= bytes.length) {
                return (int) length;
            }
        } catch (NumberFormatException e) {
            // Refused below, as a number out of range.
        }
        throw invalid("The header %s must be the length of the JSON, at most the %,d bytes of the body."
                .formatted(HEADER_LENGTH, bytes.length));
    }
}
