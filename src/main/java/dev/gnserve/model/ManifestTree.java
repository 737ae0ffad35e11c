package dev.gnserve.model;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonPointer;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.BigIntegerNode;
import tools.jackson.databind.node.BooleanNode;
import tools.jackson.databind.node.DecimalNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLReadFeature;

/** The values of a manifest, which follow its schema, and the line of each, so that every mistake is shown there. */
final class ManifestTree {

    /** Deeper nesting is no manifest. */
    private static final int DEEPEST = 20;

    /** A longer number is none that the schema allows. */
    private static final int LONGEST_NUMBER = 40;

    private static final int MOST_MISTAKES = 20;

    private static final YAMLFactory YAML = YAMLFactory.builder()
            .enable(YAMLReadFeature.EMPTY_STRING_AS_NULL)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
            .build();

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
            .build();

    private final String file;
    private final Map<JsonPointer, Integer> lines = new HashMap<>();
    private final JsonNode root;

    private ManifestTree(String file, String yaml) {
        this.file = file;
        this.root = read(yaml);
    }

    /**
     * Reads a manifest, checks it by the schema and completes it with the schema's defaults.
     *
     * @param file its name, for messages
     * @throws InvalidManifestException naming line, field, value and what is allowed, of every mistake
     */
    static ManifestTree of(String file, String yaml) {
        ManifestTree tree = new ManifestTree(file, yaml);
        List<ManifestSchema.Mistake> mistakes = ManifestSchema.mistakes(tree.root);
        if (!mistakes.isEmpty()) {
            String all = mistakes.stream()
                    .sorted(Comparator.comparing(mistake -> tree.line(mistake.place())))
                    .map(mistake -> tree.where(mistake.place()) + mistake.what())
                    .distinct()
                    .limit(MOST_MISTAKES)
                    .collect(Collectors.joining("\n"));
            throw new InvalidManifestException(all, null);
        }
        ManifestSchema.complete(tree.root);
        return tree;
    }

    /** Whether the manifest gives the value, so that it is no default of the schema. */
    boolean isGiven(String pointer) {
        return lines.containsKey(JsonPointer.compile(pointer));
    }

    boolean has(String pointer) {
        return !root.at(pointer).isMissingNode();
    }

    /** Whether the manifest gives a value itself, and not the schema's default. */
    boolean gives(String pointer) {
        return lines.containsKey(JsonPointer.compile(pointer));
    }

    /** The value, or the other one where the manifest leaves it out. */
    <V> V get(String pointer, Class<V> type, V otherwise) {
        return has(pointer) ? get(pointer, type) : otherwise;
    }

    <V> V get(String pointer, Class<V> type) {
        return make(pointer, () -> JSON.treeToValue(root.at(pointer), type));
    }

    /** Makes a value of a section; where the value is refused, the mistake is the section's. */
    <V> V make(String pointer, Supplier<V> value) {
        try {
            return value.get();
        } catch (JacksonException | IllegalArgumentException e) {
            Throwable cause = e.getCause() instanceof IllegalArgumentException refused ? refused : e;
            throw mistake(JsonPointer.compile(pointer), String.valueOf(cause.getMessage()), e);
        }
    }

    private JsonNode read(String yaml) {
        try (JsonParser parser = YAML.createParser(ObjectReadContext.empty(), yaml)) {
            if (parser.nextToken() == null) {
                return JSON.createObjectNode();
            }
            JsonNode read = read(parser, JsonPointer.empty(), ManifestSchema.RULES);
            if (parser.nextToken() != null) {
                lines.put(JsonPointer.empty(), line(parser));
                throw mistake(JsonPointer.empty(), "a second document begins; allowed is one", null);
            }
            return read;
        } catch (JacksonException e) {
            if (e.getLocation() != null) {
                lines.put(JsonPointer.empty(), Math.max(1, e.getLocation().getLineNr()));
            }
            throw mistake(JsonPointer.empty(), "not YAML: " + e.getOriginalMessage(), e);
        }
    }

    private JsonNode read(JsonParser parser, JsonPointer place, JsonNode rules) {
        lines.putIfAbsent(place, line(parser));
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            ObjectNode section = JSON.createObjectNode();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                JsonPointer field = place.appendProperty(name);
                lines.put(field, line(parser));
                if (section.has(name)) {
                    throw mistake(field, "given twice", null);
                }
                parser.nextToken();
                section.set(name, read(parser, field, rules.path("properties").path(name)));
            }
            return section;
        }
        if (token == JsonToken.START_ARRAY) {
            ArrayNode list = JSON.createArrayNode();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                list.add(read(parser, place.appendIndex(list.size()), rules.path("items")));
            }
            return list;
        }
        return token == JsonToken.VALUE_NULL
                ? JSON.nullNode()
                : scalar(parser.getString(), rules.path("type").asString(""));
    }

    /** A number or a boolean where the schema wants one; else the text as it was written: 007 is a label, too. */
    private static JsonNode scalar(String text, String type) {
        try {
            if (text.length() <= LONGEST_NUMBER && type.equals("integer")) {
                return BigIntegerNode.valueOf(new BigInteger(text));
            }
            if (type.equals("boolean") && (text.equals("true") || text.equals("false"))) {
                return BooleanNode.valueOf(text.equals("true"));
            }
            if (text.length() <= LONGEST_NUMBER && type.equals("number")) {
                return DecimalNode.valueOf(new BigDecimal(text));
            }
        } catch (NumberFormatException e) {
            return StringNode.valueOf(text); // Which the schema refuses.
        }
        return StringNode.valueOf(text);
    }

    private static int line(JsonParser parser) {
        return Math.max(1, parser.currentTokenLocation().getLineNr());
    }

    private InvalidManifestException mistake(JsonPointer place, String what, @Nullable Throwable cause) {
        return new InvalidManifestException(where(place) + what, cause);
    }

    private String where(JsonPointer place) {
        String field = place.toString()
                .replaceAll("/(\\d+)(?=/|$)", "[$1]")
                .replace('/', '.')
                .replaceFirst("^\\.", "");
        return file + ", line " + line(place) + (field.isEmpty() ? "" : ", " + field) + ": ";
    }

    /** Of the value, or of the section that lacks it. */
    private int line(JsonPointer place) {
        JsonPointer given = place;
        while (!lines.containsKey(given) && !given.matches()) {
            given = given.head();
        }
        return lines.getOrDefault(given, 1);
    }
}
