package dev.gnserve.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.dataformat.yaml.YAMLFactory;

/** A value in a YAML file that knows where it stands, so that every mistake can be shown there. */
sealed interface YamlNode {

    /** Deeper nesting is no manifest. */
    int DEEPEST = 20;

    Place place();

    /** A text, number, boolean or null, as written. */
    record Scalar(Place place, @Nullable String text) implements YamlNode {}

    record Sequence(Place place, List<YamlNode> items) implements YamlNode {}

    record Mapping(Place place, Map<String, YamlNode> fields) implements YamlNode {}

    /**
     * Where a value stands.
     *
     * @param file for messages
     * @param line from 1
     * @param field its path, as {@code input.tile.size}; empty at the top
     */
    record Place(String file, int line, String field) {

        Place child(int childLine, String name) {
            return new Place(file, childLine, field.isEmpty() ? name : field + "." + name);
        }

        Place item(int itemLine, int index) {
            return new Place(file, itemLine, field + "[" + index + "]");
        }

        InvalidManifestException mistake(String what) {
            return mistake(what, null);
        }

        InvalidManifestException mistake(String what, @Nullable Throwable cause) {
            String where = file + ", line " + line + (field.isEmpty() ? "" : ", " + field);
            return new InvalidManifestException(where + ": " + what, cause);
        }
    }

    /** Reads a whole document; an empty one is an empty mapping. */
    static YamlNode parse(String file, String yaml) {
        Place top = new Place(file, 1, "");
        try (JsonParser parser = new YAMLFactory().createParser(ObjectReadContext.empty(), yaml)) {
            if (parser.nextToken() == null) {
                return new Mapping(top, Map.of());
            }
            YamlNode root = read(parser, top, 0);
            if (parser.nextToken() != null) {
                throw top.child(line(parser), "").mistake("a second document begins; allowed is one");
            }
            return root;
        } catch (JacksonException e) {
            int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
            throw new Place(file, line, "").mistake("not YAML: " + e.getOriginalMessage(), e);
        }
    }

    private static YamlNode read(JsonParser parser, Place place, int depth) {
        if (depth > DEEPEST) {
            throw place.mistake("nested deeper than " + DEEPEST + " levels");
        }
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, YamlNode> fields = new LinkedHashMap<>();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                Place child = place.child(line(parser), name);
                parser.nextToken();
                if (fields.put(name, read(parser, child, depth + 1)) != null) {
                    throw child.mistake("given twice");
                }
            }
            return new Mapping(place, fields);
        }
        if (token == JsonToken.START_ARRAY) {
            List<YamlNode> items = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                items.add(read(parser, place.item(line(parser), items.size()), depth + 1));
            }
            return new Sequence(place, items);
        }
        return new Scalar(place, token == JsonToken.VALUE_NULL ? null : parser.getString());
    }

    private static int line(JsonParser parser) {
        return Math.max(1, parser.currentTokenLocation().getLineNr());
    }
}
