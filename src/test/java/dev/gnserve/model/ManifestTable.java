package dev.gnserve.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** The fields of the manifest's JSON schema, one after another, and as a table for people. */
final class ManifestTable {

    private ManifestTable() {}

    /**
     * A field.
     *
     * @param path as {@code input.tile.size}
     * @param choice the kind of section that it belongs to, as {@code " (mode fit)"}; empty where there is one only
     * @param schema what the schema says of it
     * @param neighbours what else must stand in its section, by path
     */
    record Entry(String path, String choice, JsonNode schema, Map<String, JsonNode> neighbours) {

        Entry at(String otherPath) {
            return new Entry(otherPath, choice, schema, neighbours);
        }

        /** A value that the schema names: the field's constant, example, first choice, default, or a text. */
        Object sample() {
            if (schema.has("const")) {
                return schema.path("const");
            }
            if (schema.has("examples")) {
                return schema.path("examples").path(0);
            }
            if (schema.has("default")) {
                return schema.path("default");
            }
            if (schema.has("enum")) {
                return schema.path("enum").path(0);
            }
            if (path.equals("output.channels")) {
                return List.of("background", "a");
            }
            return schema.path("type").asString().equals("array") ? List.of("a") : "a text";
        }
    }

    static List<Entry> entries(JsonNode schema) {
        List<Entry> entries = new ArrayList<>();
        add("", "", schema, Map.of(), entries);
        return entries;
    }

    private static void add(
            String prefix, String choice, JsonNode section, Map<String, JsonNode> outer, List<Entry> entries) {
        if (section.has("oneOf")) {
            for (JsonNode kind : section.path("oneOf")) {
                Map<String, JsonNode> constants = new LinkedHashMap<>(outer);
                StringBuilder named = new StringBuilder();
                kind.path("properties").properties().forEach(property -> {
                    JsonNode constant = property.getValue().path("const");
                    if (!constant.isMissingNode()) {
                        constants.put(prefix + property.getKey(), constant);
                        named.append(" (" + property.getKey() + " " + constant.asString() + ")");
                    }
                });
                constants.putAll(required(prefix, kind));
                add(prefix, named.toString(), kind, constants, entries);
            }
            return;
        }
        section.path("properties").properties().forEach(property -> {
            JsonNode field = property.getValue();
            String path = prefix + property.getKey();
            if (field.has("properties") || field.has("oneOf")) {
                Map<String, JsonNode> neighbours = new LinkedHashMap<>(outer);
                neighbours.putAll(required(path + ".", field));
                add(path + ".", choice, field, neighbours, entries);
            } else {
                entries.add(new Entry(path, choice, field, outer));
            }
        });
    }

    /** Examples of what must stand in a section. */
    private static Map<String, JsonNode> required(String prefix, JsonNode section) {
        Map<String, JsonNode> required = new LinkedHashMap<>();
        for (JsonNode name : section.path("required")) {
            JsonNode field = section.path("properties").path(name.asString());
            if (field.has("examples")) {
                required.put(prefix + name.asString(), field.path("examples").path(0));
            }
        }
        return required;
    }

    /** The names of a section's fields, for a task. */
    static void names(JsonNode schema, String section, String choice, String task, Set<String> names) {
        JsonNode node = schema;
        for (String name : section.isEmpty() ? new String[0] : section.split("\\.")) {
            node = node.path("properties").path(name);
        }
        if (node.has("oneOf")) {
            for (JsonNode kind : node.path("oneOf")) {
                boolean chosen = kind.path("properties").properties().stream()
                        .anyMatch(property -> property.getValue().has("const")
                                && choice.equals(" (" + property.getKey() + " "
                                        + property.getValue().path("const").asString() + ")"));
                if (chosen) {
                    names.addAll(kind.path("properties").propertyNames());
                }
            }
            return;
        }
        names.addAll(node.path("properties").propertyNames());
        String without = task.equals("detection") ? "then" : "else";
        JsonNode excluded =
                schema.path(without).path("properties").path(section).path("properties");
        names.removeAll(excluded.propertyNames());
    }

    static String markdown(JsonNode schema) {
        StringBuilder text = new StringBuilder("""
                # model.yaml

                What gnserve must know of a TorchScript archive. Task and labels are enough; a mistake is told with line, field, value and what is
                allowed. Editors complete and check the file with the schema that the service gives at `/model.schema.json`:

                    # yaml-language-server: $schema=http://localhost:8080/model.schema.json
                    task: segmentation
                    labels: [nucleus]

                | field | meaning | values | default |
                | --- | --- | --- | --- |
                """);
        for (Entry entry : entries(schema)) {
            text.append("| `%s`%s | %s | %s | %s |\n"
                    .formatted(
                            entry.path(),
                            entry.choice(),
                            entry.schema().path("description").asString(),
                            values(entry.schema()),
                            usual(entry)));
        }
        return text.toString();
    }

    private static String values(JsonNode field) {
        if (field.has("const")) {
            return "`" + field.path("const").asString() + "`";
        }
        if (field.has("enum")) {
            return field.path("enum")
                    .valueStream()
                    .map(value -> "`" + value.asString() + "`")
                    .collect(Collectors.joining(", "));
        }
        if (field.has("minimum")) {
            return number(field.path("minimum")) + " to " + number(field.path("maximum"));
        }
        String type = field.path("type").asString();
        if (field.path("pattern").asString("").contains("us|ms")) {
            return "a number with a unit us, ms, s or m";
        }
        return type.equals("array")
                ? (field.path("items").path("type").asString().equals("string")
                        ? "texts"
                        : "a list, as `" + field.path("examples").path(0) + "`")
                : "text";
    }

    private static String usual(Entry entry) {
        JsonNode usual = entry.schema().path("default");
        if (usual.isMissingNode()) {
            boolean required = entry.path().equals("task")
                    || entry.path().equals("labels")
                    || entry.neighbours().containsKey(entry.path());
            return entry.schema().has("const") ? "" : required ? "required" : "";
        }
        return usual.isNumber() ? number(usual) : usual.asString().isEmpty() ? "" : "`" + usual.asString() + "`";
    }

    private static String number(JsonNode value) {
        double number = value.asDouble();
        if (number == 1 / 255.0) {
            return "1/255";
        }
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
