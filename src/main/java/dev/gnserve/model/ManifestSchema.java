package dev.gnserve.model;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.apache.commons.text.similarity.LevenshteinDistance;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON schema of {@code model.yaml}: the one place of its fields, their bounds, their choices and those defaults that depend
 * on nothing else.
 */
final class ManifestSchema {

    /** All of it. */
    static final JsonNode RULES = read();

    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(RULES);

    /** With two wrong letters at most, another name was probably meant. */
    private static final LevenshteinDistance NEAR = new LevenshteinDistance(2);

    private ManifestSchema() {}

    /** What is wrong with a value, or with one that is missing in a section. */
    record Mistake(JsonPointer place, String what) {}

    private static JsonNode read() {
        try (InputStream in = ManifestSchema.class.getResourceAsStream("/static/model.schema.json")) {
            return JsonMapper.shared().readTree(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Every mistake of a manifest. */
    static List<Mistake> mistakes(JsonNode manifest) {
        return SCHEMA.validate(manifest).stream().map(ManifestSchema::mistake).toList();
    }

    /** Gives a manifest the defaults of what it leaves out. */
    static void complete(JsonNode manifest) {
        complete(manifest, RULES);
    }

    private static void complete(JsonNode node, JsonNode rules) {
        if (node instanceof ObjectNode section) {
            rules.path("properties").properties().forEach(property -> {
                JsonNode usual = property.getValue().get("default");
                if (usual != null && !section.has(property.getKey())) {
                    section.set(property.getKey(), usual.deepCopy());
                }
                complete(section.path(property.getKey()), property.getValue());
            });
        }
    }

    private static Mistake mistake(Error error) {
        JsonPointer place = JsonPointer.compile(error.getInstanceLocation().toString());
        JsonNode rules = of(place);
        String field = error.getProperty();
        return switch (error.getKeyword()) {
            case "additionalProperties" -> new Mistake(place.appendProperty(field), unknown(field, rules));
            case "required" ->
                new Mistake(place, field + " is missing; allowed is " + allowed(rules.at("/properties/" + field)));
            case "type", "enum", "minimum", "maximum", "pattern" ->
                new Mistake(place, "is " + shown(error.getInstanceNode()) + "; allowed is " + allowed(rules));
            case "false" ->
                new Mistake(
                        place, "not allowed here: " + rules.path("description").asString());
            default -> new Mistake(place, error.getMessage() + "; allowed is " + allowed(rules));
        };
    }

    /** What the schema says of the value at a place. */
    private static JsonNode of(JsonPointer place) {
        JsonNode rules = RULES;
        for (JsonPointer rest = place; !rest.matches(); rest = rest.tail()) {
            rules = rules.has("items")
                    ? rules.path("items")
                    : rules.path("properties").path(rest.getMatchingProperty());
        }
        return rules;
    }

    private static String unknown(String name, JsonNode rules) {
        String meant = rules.path("properties").propertyNames().stream()
                .filter(known -> NEAR.apply(known, name) >= 0)
                .min(Comparator.comparing(known -> NEAR.apply(known, name)))
                .map(known -> " (is " + known + " meant?)")
                .orElse("");
        return "unknown field" + meant + "; allowed here: " + names(rules);
    }

    private static String allowed(JsonNode rules) {
        if (rules.has("enum")) {
            return "one of "
                    + rules.path("enum").valueStream().map(JsonNode::asString).collect(Collectors.joining(", "));
        }
        if (rules.has("title")) {
            return rules.path("title").asString();
        }
        return switch (rules.path("type").asString("")) {
            case "integer" -> "a whole number from " + range(rules);
            case "number" -> "a number from " + range(rules);
            case "boolean" -> "true or false";
            case "object" -> "a section of " + names(rules);
            case "array" -> "a list such as " + rules.at("/examples/0");
            default -> "a text";
        };
    }

    private static String names(JsonNode rules) {
        return String.join(", ", rules.path("properties").propertyNames());
    }

    private static String range(JsonNode rules) {
        return rules.path("minimum").asString() + " to " + rules.path("maximum").asString();
    }

    private static String shown(JsonNode value) {
        return switch (value.getNodeType()) {
            case NULL -> "empty";
            case OBJECT -> "a section";
            case ARRAY -> "a list";
            case STRING -> "\"" + value.asString() + "\"";
            default -> value.asString();
        };
    }
}
