package dev.gnserve.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** The fields of the manifest's JSON schema, one after another, and as a table for people. */
final class ManifestTable {

    private ManifestTable() {}

    /**
     * A field.
     *
     * @param path as {@code input.tile.size}
     * @param schema what the schema says of it
     * @param required in its section, with any task but tensors
     */
    record Entry(String path, JsonNode schema, boolean required) {

        @Override
        public String toString() {
            return path;
        }
    }

    static List<Entry> entries(JsonNode schema) {
        List<Entry> entries = new ArrayList<>();
        add("", schema, entries);
        return entries;
    }

    private static void add(String prefix, JsonNode section, List<Entry> entries) {
        section.path("properties").properties().forEach(property -> {
            JsonNode field = property.getValue();
            String path = prefix + property.getKey();
            if (field.has("properties")) {
                add(path + ".", field, entries);
            } else {
                boolean required = path.equals("labels")
                        || section.path("required")
                                .valueStream()
                                .anyMatch(name -> property.getKey().equals(name.asString()));
                entries.add(new Entry(path, field, required));
            }
        });
    }

    static String markdown(JsonNode schema) {
        StringBuilder text = new StringBuilder("""
                # model.yaml

                What gnserve must know of a TorchScript archive. Task and labels are enough. A file with mistakes is refused: each mistake is shown
                with its line, its field, its value and what is allowed. Editors complete and check the file with the schema that the service gives
                at `/model.schema.json`; the service checks it with the same schema:

                    # yaml-language-server: $schema=http://localhost:8080/model.schema.json
                    task: segmentation
                    labels: [nucleus]

                | field | meaning | values | default |
                | --- | --- | --- | --- |
                """);
        for (Entry entry : entries(schema)) {
            text.append("| `%s` | %s | %s | %s |\n"
                    .formatted(
                            entry.path(),
                            entry.schema().path("description").asString(),
                            values(entry.schema()),
                            usual(entry)));
        }
        return text.toString();
    }

    private static String values(JsonNode field) {
        if (field.has("enum")) {
            return field.path("enum")
                    .valueStream()
                    .map(value -> "`" + value.asString() + "`")
                    .collect(Collectors.joining(", "));
        }
        if (field.has("minimum")) {
            return number(field.path("minimum")) + " to " + number(field.path("maximum"));
        }
        if (field.has("title")) {
            return field.path("title").asString();
        }
        if (field.path("type").asString("").equals("boolean")) {
            return "`true`, `false`";
        }
        return field.has("examples")
                ? "a list such as `" + field.path("examples").path(0) + "`"
                : "a text";
    }

    private static String usual(Entry entry) {
        JsonNode usual = entry.schema().path("default");
        if (usual.isNumber()) {
            return number(usual);
        }
        String text = usual.asString("");
        return entry.required() ? "required" : text.isEmpty() ? "" : "`" + text + "`";
    }

    private static String number(JsonNode value) {
        double number = value.asDouble();
        if (number == 1 / 255.0) {
            return "1/255";
        }
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
