package dev.gnserve.workshop.stress;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a server that had nothing else to do answered to a question. Later answers must say the same, but for how long it
 * took, and for the last bits of numbers: the engine adds up in another order in another batch.
 *
 * @param status of HTTP
 * @param body JSON without what differs from answer to answer; null where the answer is something else
 * @param bytes where it is no JSON
 */
@SuppressWarnings("ArrayRecordComponent") // Held by the run, compared by its own rule.
record KnownAnswer(int status, @Nullable JsonNode body, byte[] bytes) {

    /** Scores and confidences are rounded to four digits: they may be rounded the other way. */
    private static final double TOLERANCE = 1.1e-4;

    private static final List<String> DIFFERENT_EVERY_TIME = List.of("requestId", "timing");
    private static final JsonMapper JSON = JsonMapper.shared();

    static KnownAnswer of(HttpResponse<byte[]> response) {
        JsonNode body = null;
        String type = response.headers().firstValue("Content-Type").orElse("");
        if (type.contains("json")) {
            try {
                body = JSON.readTree(response.body());
                forget(body);
            } catch (JacksonException e) {
                body = null;
            }
        }
        return new KnownAnswer(response.statusCode(), body, response.body());
    }

    /** How another answer differs, or null if it says the same. */
    @Nullable
    String difference(KnownAnswer other) {
        if (status != other.status) {
            return "status " + other.status + " instead of " + status + ": " + other.body;
        }
        if (body == null || other.body == null) {
            return Arrays.equals(bytes, other.bytes)
                    ? null
                    : other.bytes.length + " other bytes instead of " + bytes.length;
        }
        return difference("", body, other.body);
    }

    private static @Nullable String difference(String path, JsonNode known, JsonNode given) {
        if (known.isNumber() && given.isNumber()) {
            return Math.abs(known.asDouble() - given.asDouble()) <= TOLERANCE
                    ? null
                    : path + " is " + given + " instead of " + known;
        }
        if (known.isObject() && given.isObject()) {
            if (!names(known).equals(names(given))) {
                return path + " has " + names(given) + " instead of " + names(known);
            }
            for (Map.Entry<String, JsonNode> field : known.properties()) {
                String different = difference(
                        path + "." + field.getKey(),
                        field.getValue(),
                        Objects.requireNonNull(given.get(field.getKey())));
                if (different != null) {
                    return different;
                }
            }
            return null;
        }
        if (known.isArray() && given.isArray()) {
            if (known.size() != given.size()) {
                return path + " has " + given.size() + " elements instead of " + known.size();
            }
            for (int i = 0; i < known.size(); i++) {
                String different = difference(
                        path + "[" + i + "]",
                        Objects.requireNonNull(known.get(i)),
                        Objects.requireNonNull(given.get(i)));
                if (different != null) {
                    return different;
                }
            }
            return null;
        }
        return known.equals(given) ? null : path + " is " + given + " instead of " + known;
    }

    private static List<String> names(JsonNode object) {
        List<String> names = new ArrayList<>(object.propertyNames());
        names.sort(null);
        return names;
    }

    private static void forget(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(DIFFERENT_EVERY_TIME);
        }
        for (Iterator<JsonNode> children = node.iterator(); children.hasNext(); ) {
            forget(children.next());
        }
    }
}
