package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import io.swagger.v3.oas.annotations.media.Schema;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The bodies of the repository extension. All are optional: no body, {@code null} and <code>{}</code> ask for the same. */
final class RepositoryBody {

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(32)
                            .maxStringLength(
                                    Integer.MAX_VALUE) // A client may send a whole file, to be refused by name.
                            .build())
                    .build())
            .build();

    private RepositoryBody() {}

    /**
     * A request for the index, as the API document shows it.
     *
     * @param ready whether to list only models that are ready; null for all
     */
    record IndexRequest(
            @Schema(requiredMode = Schema.RequiredMode.NOT_REQUIRED) @Nullable
            Boolean ready) {}

    /**
     * Whether only models that are ready are asked for.
     *
     * @throws FailureException INVALID_REQUEST for another body than that of {@link IndexRequest}
     */
    static boolean readyOnly(byte[] body) {
        JsonNode ready = object(body).path("ready");
        if (!ready.isMissingNode() && !ready.isNull() && !ready.isBoolean()) {
            throw invalid("The field 'ready' is %s. It must be true or false, or absent for all models."
                    .formatted(shown(ready)));
        }
        return ready.isBoolean() && ready.booleanValue();
    }

    /**
     * Accepts a request to load what is in the folder of models.
     *
     * @throws FailureException INVALID_REQUEST if it holds a configuration or files
     */
    static void requireNoOverrides(byte[] body) {
        for (String name : object(body).path("parameters").propertyNames()) {
            if (name.equals("config") || name.startsWith("file:")) {
                throw invalid(
                        "The parameter '%s' is not supported: a model is loaded from its folder. Put its files there, and send the request without this parameter."
                                .formatted(name.length() <= 80 ? name : name.substring(0, 80) + "..."));
            }
        }
    }

    private static JsonNode object(byte[] body) {
        if (body.length == 0) {
            return JSON.createObjectNode();
        }
        JsonNode read;
        try {
            read = JSON.readTree(body);
        } catch (JacksonException e) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The body is not JSON: %s. Send no body, or a JSON object."
                                    .formatted(e.getOriginalMessage()),
                            e)
                    .asException();
        }
        if (!read.isObject() && !read.isNull() && !read.isMissingNode()) {
            throw invalid("The body is %s. Send no body, or a JSON object.".formatted(shown(read)));
        }
        return read;
    }

    private static String shown(JsonNode value) {
        if (value.isContainer()) {
            return value.isArray() ? "an array" : "an object";
        }
        return value.toString().length() <= 40 ? value.toString() : "a long text";
    }

    private static FailureException invalid(String detail) {
        return Failure.of(FailureCode.INVALID_REQUEST, detail).asException();
    }
}
