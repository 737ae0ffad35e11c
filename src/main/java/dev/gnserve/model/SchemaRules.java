package dev.gnserve.model;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Says whether a value follows the rules of a JSON schema of draft 2020-12, for the keywords that the schema of {@code model.yaml} uses.
 * It does not say what is wrong: that is left to a library, which takes long to begin.
 *
 * <p>A value that follows here follows there, too; the library judges those that do not.
 */
final class SchemaRules {

    private static final Pattern LINE_BREAK = Pattern.compile("\\R");

    private SchemaRules() {}

    /** @throws IllegalStateException if the rules have a keyword that is not known here */
    static boolean followed(JsonNode value, JsonNode rules) {
        return rules.isBoolean()
                ? rules.asBoolean()
                : rules.properties().stream().allMatch(rule -> followed(value, rule.getKey(), rule.getValue(), rules));
    }

    private static boolean followed(JsonNode value, String keyword, JsonNode rule, JsonNode rules) {
        return switch (keyword) {
            case "$schema", "$id", "title", "description", "default", "examples" -> true;
            case "type" -> isOf(value, rule.asString());
            case "enum" -> rule.valueStream().anyMatch(value::equals);
            case "const" -> value.equals(rule);
            case "minimum" -> !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) >= 0;
            case "maximum" -> !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) <= 0;
            case "minLength" -> !value.isString() || length(value) >= rule.asInt();
            case "maxLength" -> !value.isString() || length(value) <= rule.asInt();
            case "pattern" -> !value.isString() || isMatched(value.asString(), rule.asString());
            case "minItems" -> !value.isArray() || value.size() >= rule.asInt();
            case "maxItems" -> !value.isArray() || value.size() <= rule.asInt();
            case "uniqueItems" -> !value.isArray() || !rule.asBoolean() || areDistinct(value);
            case "items" -> !value.isArray() || value.valueStream().allMatch(item -> followed(item, rule));
            case "required" ->
                !value.isObject() || rule.valueStream().map(JsonNode::asString).allMatch(value::has);
            case "properties" ->
                !value.isObject()
                        || rule.properties().stream()
                                .filter(property -> value.has(property.getKey()))
                                .allMatch(property -> followed(value.get(property.getKey()), property.getValue()));
            case "additionalProperties" ->
                !value.isObject() || others(value, rules).allMatch(other -> followed(other, rule));
            case "allOf" -> rule.valueStream().allMatch(one -> followed(value, one));
            case "anyOf" -> rule.valueStream().anyMatch(one -> followed(value, one));
            case "if" -> {
                JsonNode next = rules.get(followed(value, rule) ? "then" : "else");
                yield next == null || followed(value, next);
            }
            case "then", "else" -> true; // Of if.
            default -> throw new IllegalStateException("SchemaRules does not know the keyword " + keyword);
        };
    }

    private static boolean isOf(JsonNode value, String type) {
        return switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isString();
            case "boolean" -> value.isBoolean();
            case "number" -> value.isNumber();
            case "integer" -> value.isIntegralNumber();
            default -> throw new IllegalStateException("SchemaRules does not know the type " + type);
        };
    }

    private static int length(JsonNode text) {
        return text.asString().codePointCount(0, text.asString().length());
    }

    /** In Java, $ also matches in front of a last line break, so texts with one are left to the library. */
    private static boolean isMatched(String text, String pattern) {
        return Pattern.compile(pattern).matcher(text).find()
                && !LINE_BREAK.matcher(text).find();
    }

    /** 1 and 1.0 are the same number. */
    private static boolean areDistinct(JsonNode list) {
        Set<Object> seen = new HashSet<>();
        return list.valueStream()
                .map(item -> item.isNumber() ? item.decimalValue().stripTrailingZeros() : item)
                .allMatch(seen::add);
    }

    private static Stream<JsonNode> others(JsonNode section, JsonNode rules) {
        return section.properties().stream()
                .filter(property -> !rules.path("properties").has(property.getKey()))
                .map(Map.Entry::getValue);
    }
}
