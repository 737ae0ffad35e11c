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
 * The body of a request for inference: JSON, and the binary data behind it.
 *
 * @param bytes the whole body; not copied
 * @param request what the JSON says
 * @param jsonLength where the JSON ends and binary data begin
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy of an upload would cost 32 MB.
record RequestBody(byte[] bytes, InferRequest request, int jsonLength) {

    static final String HEADER_LENGTH = "Inference-Header-Content-Length";

    /** Names and ids; values of tensors are numbers and no strings. */
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
     * Reads the JSON and finds the binary data.
     *
     * @param headerLength what the header {@value #HEADER_LENGTH} says, or null if there is none
     * @throws FailureException INVALID_REQUEST
     */
    static RequestBody read(byte[] bytes, @Nullable String headerLength) {
        int jsonLength = jsonLength(bytes, headerLength);
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
            throw invalid("The body is null. Send the JSON of an inference request.");
        }
        RequestBody body = new RequestBody(bytes, request, jsonLength);
        body.requireAllBytesTaken();
        return body;
    }

    /** The binary data, with the position at their beginning. */
    ByteBuffer binary() {
        return ByteBuffer.wrap(bytes, jsonLength, bytes.length - jsonLength);
    }

    JsonParser parser(JsonValues values) {
        return JSON.createParser(bytes, values.offset(), values.length());
    }

    /** The failure that stands for JSON that cannot be read as what it should be. */
    static FailureException notJson(JacksonException cause) {
        String what = what(cause);
        String where = cause.getPath().isEmpty() ? "" : " at " + path(cause);
        Failure failure = Failure.of(
                FailureCode.INVALID_REQUEST,
                "The JSON of the request cannot be read%s: %s".formatted(where, what),
                cause);
        return failure.asException();
    }

    /** Jackson's own words, but for those that name types of Java, which say nothing to a caller. */
    private static String what(JacksonException cause) {
        if (cause instanceof ValueInstantiationException && cause.getCause() != null) {
            return String.valueOf(cause.getCause().getMessage());
        }
        if (cause instanceof MismatchedInputException mismatch && mismatch.getTargetType() != JsonValues.class) {
            return "a value of another kind stands here than the protocol has";
        }
        String message = String.valueOf(cause.getOriginalMessage());
        return message.startsWith("Non-standard token")
                ? "JSON has no NaN and no Infinity; send such a tensor as binary data"
                : message;
    }

    /** As {@code inputs[0].shape}. */
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
                throw invalid(
                        ("Input \"%s\" has a binary_data_size of %,d and the body has %,d bytes left behind the JSON,"
                                        + " which is %,d long (%s).")
                                .formatted(input.name(), size, left, jsonLength, HEADER_LENGTH));
            }
            declared += size == null ? 0 : size;
        }
        if (declared != bytes.length - jsonLength) {
            throw invalid("The body has %,d bytes behind the JSON and the inputs' binary_data_size are %,d in all."
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
            // Told below, as for a number that is no length.
        }
        throw invalid("The header %s must be the length of the JSON, at most the %,d bytes of the body."
                .formatted(HEADER_LENGTH, bytes.length));
    }
}
