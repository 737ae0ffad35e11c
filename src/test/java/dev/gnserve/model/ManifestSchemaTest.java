package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The JSON schema, the table for people and the reader say the same: fields, bounds, choices and defaults. The schema is
 * judged by a validator of its own.
 *
 * <p>{@code ./mvnw test -Dtest=ManifestSchemaTest -Dmanifest.write=true} writes the table anew.
 */
class ManifestSchemaTest {

    private static final Path TABLE = Path.of("docs/model-yaml.md");
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNode SCHEMA = schemaNode();
    private static final Schema VALIDATOR = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(SCHEMA);

    /** What the schema says of one field, and a manifest in which it can stand. */
    private record Field(ManifestTable.Entry entry, ObjectNode around) {

        /** The manifest with this field. */
        ObjectNode with(Object value) {
            ObjectNode manifest = around.deepCopy();
            ObjectNode section = manifest;
            List<String> path = Arrays.asList(entry.path().split("\\."));
            for (String name : path.subList(0, path.size() - 1)) {
                section = section.withObject("/" + name);
            }
            section.putPOJO(path.get(path.size() - 1), value);
            return (ObjectNode) JSON.readTree(JSON.writeValueAsString(manifest));
        }

        @Override
        public String toString() {
            return entry.path() + entry.choice();
        }
    }

    private static JsonNode schemaNode() {
        try (var in = ManifestSchemaTest.class.getResourceAsStream("/static/model.schema.json")) {
            return JSON.readTree(Objects.requireNonNull(in).readAllBytes());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<Field> fields() {
        return ManifestTable.entries(SCHEMA).stream().map(entry -> new Field(entry, around(entry)));
    }

    /** The least manifest in which the field may stand: of the first task that the schema accepts it with. */
    private static ObjectNode around(ManifestTable.Entry entry) {
        for (String task : List.of("segmentation", "detection", "classification")) {
            ObjectNode manifest = JSON.createObjectNode().put("task", task);
            manifest.putArray("labels").add("a");
            for (var neighbour : entry.neighbours().entrySet()) {
                manifest = new Field(entry.at(neighbour.getKey()), manifest).with(neighbour.getValue());
            }
            Field field = new Field(entry, manifest);
            if (VALIDATOR.validate(field.with(entry.sample())).isEmpty()) {
                return manifest;
            }
        }
        throw new AssertionError("no manifest takes " + entry);
    }

    @ParameterizedTest
    @MethodSource("fields")
    void aValueThatTheSchemaNamesIsRead(Field field) {
        ObjectNode manifest = field.with(field.entry().sample());
        assertThat(VALIDATOR.validate(manifest)).isEmpty();
        read(manifest);
    }

    @ParameterizedTest
    @MethodSource("fields")
    void theDefaultIsWhatHoldsWithoutTheField(Field field) {
        JsonNode usual = field.entry().schema().path("default");
        if (!usual.isMissingNode()) {
            assertThat(read(field.with(usual))).isEqualTo(read(field.around()));
        }
    }

    @ParameterizedTest
    @MethodSource("fields")
    void theReaderRefusesWhatTheSchemaRefusesWithTheSameBounds(Field field) {
        JsonNode schema = field.entry().schema();
        if (schema.has("minimum")) {
            double least = schema.path("minimum").asDouble();
            double most = schema.path("maximum").asDouble();
            Matcher told = refusal(field, least - 1, "from (\\S+) to (\\S+)$");
            assertThat(Float.parseFloat(told.group(1))).isEqualTo((float) least);
            assertThat(Float.parseFloat(told.group(2))).isEqualTo((float) most);
        } else if (schema.has("enum")) {
            Matcher told = refusal(field, "nonsense", "one of (.*)$");
            assertThat(told.group(1).split(", "))
                    .containsExactlyInAnyOrderElementsOf(schema.path("enum")
                            .valueStream()
                            .map(JsonNode::asString)
                            .toList());
        } else {
            // A section where a text, list or one of the kinds is wanted.
            ObjectNode wrong = field.with(java.util.Map.of("nonsense", 1));
            assertThat(VALIDATOR.validate(wrong)).isNotEmpty();
            assertThatThrownBy(() -> read(wrong)).isInstanceOf(InvalidManifestException.class);
        }
    }

    private static Matcher refusal(Field field, Object value, String pattern) {
        ObjectNode wrong = field.with(
                value instanceof Double number
                                && field.entry()
                                        .schema()
                                        .path("type")
                                        .asString()
                                        .equals("integer")
                        ? (Object) number.longValue()
                        : value);
        assertThat(VALIDATOR.validate(wrong)).isNotEmpty();
        InvalidManifestException refusal = catchThrowableOfType(InvalidManifestException.class, () -> read(wrong));
        assertThat(refusal).as(wrong.toString()).isNotNull();
        Matcher matcher = Pattern.compile(pattern).matcher(String.valueOf(refusal.getMessage()));
        assertThat(matcher.find()).as(refusal.getMessage()).isTrue();
        assertThat(refusal.getMessage()).contains(field.entry().path());
        return matcher;
    }

    @Test
    void everySectionKnowsTheSameFields() {
        Set<String> sections = new LinkedHashSet<>();
        fields().forEach(field -> {
            String path = field.entry().path();
            String section = path.contains(".") ? path.substring(0, path.lastIndexOf('.')) : "";
            if (!sections.add(section + field.entry().choice())) {
                return;
            }
            Field nonsense =
                    new Field(field.entry().at(section.isEmpty() ? "nonsense" : section + ".nonsense"), field.around());
            ObjectNode wrong = nonsense.with(1);
            assertThat(VALIDATOR.validate(wrong)).isNotEmpty();
            InvalidManifestException refusal = catchThrowableOfType(InvalidManifestException.class, () -> read(wrong));
            assertThat(refusal).as(wrong.toString()).isNotNull();
            String message = String.valueOf(refusal.getMessage());
            assertThat(message).contains("unknown field; allowed here: ");
            String[] allowed = message.substring(message.indexOf("here: ") + 6).split(", ");
            Set<String> named = new LinkedHashSet<>();
            String task = field.around().path("task").asString();
            ManifestTable.names(SCHEMA, section, field.entry().choice(), task, named);
            assertThat(named).as(section).containsExactlyInAnyOrder(allowed);
        });
        assertThat(sections).hasSizeGreaterThan(10);
    }

    @Test
    void theEmbeddedManifestsFollowTheSchema() throws IOException {
        for (ModelSource source : EmbeddedModels.list(ManifestSchemaTest.class.getClassLoader())) {
            JsonNode manifest = new tools.jackson.dataformat.yaml.YAMLMapper().readTree(source.manifest());
            assertThat(VALIDATOR.validate(manifest)).as(source.name()).isEmpty();
        }
    }

    @Test
    void theTableForPeopleIsThatOfTheSchema() throws IOException {
        String table = ManifestTable.markdown(SCHEMA);
        if (Boolean.getBoolean("manifest.write")) {
            Files.writeString(TABLE, table);
        }
        assertThat(Files.readString(TABLE)).isEqualTo(table);
    }

    private static ModelManifest read(ObjectNode manifest) {
        // JSON is YAML.
        return ManifestReader.read("model.yaml", manifest.toString());
    }
}
