package dev.gnserve.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.gnserve.archive.ExecutionPlan;
import dev.gnserve.backend.Device;
import dev.gnserve.backend.ElementType;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Padding;
import dev.gnserve.model.OutputSpec.Decoder;
import dev.gnserve.model.Verification.OnLoad;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The JSON schema holds the rules of {@code model.yaml}; the reader leaves out none of its fields, and the table for people is
 * made from it.
 *
 * <p>{@code ./mvnw test -Dtest=ManifestSchemaTest -Dmanifest.write=true} writes the table anew.
 */
class ManifestSchemaTest {

    private static final Path TABLE = Path.of("docs/model-yaml.md");
    private static final JsonMapper JSON = new JsonMapper();
    private static final JsonNode SCHEMA = schema();

    /** Manifests to which fields are added, so that each field goes with one of them. */
    private static final List<String> MANIFESTS = List.of(
            "{task: segmentation, labels: [a]}",
            "{task: segmentation, labels: [a], output: {decoder: hovernet}}",
            "{task: segmentation, labels: [a], output: {decoder: stardist}}",
            "{task: segmentation, labels: [a], output: {decoder: cellpose}}",
            "{task: detection, labels: [a]}",
            "{task: detection, labels: [a], output: {decoder: fcos}}",
            "{task: detection, labels: [a], output: {decoder: retinanet}}",
            "{task: detection, labels: [a], output: {decoder: yolo}}",
            "{task: detection, labels: [a], output: {decoder: yolo, form: levels}}",
            "{task: detection, labels: [a], output: {decoder: maskformer}}",
            "{task: detection, labels: [a], output: {decoder: solov2}}",
            "{task: classification, labels: [a]}",
            "{task: classification, output: {heads: [{name: other, labels: [a, b]}]}}",
            "{task: embedding}",
            "{task: regression, labels: [a]}",
            "{task: segmentation, labels: [a], input: {resize: {mode: fit, width: 64, height: 64}}}",
            "{task: segmentation, labels: [a], input: {resize: {mode: shortest-side, size: 64}}}",
            "{task: segmentation, labels: [a], input: {normalization: {kind: percentile}}}",
            "{task: segmentation, labels: [a], input: {range: {kind: percentile}}}",
            "{task: segmentation, labels: [a], input: {volume: {window: [64, 64, 64]}}}",
            "{task: segmentation, labels: [a], input: {volume: {window: [64, 64, 64], blending: halo, halo: [1, 1, 1]}}}",
            "{task: segmentation, labels: [a], input: {volume: {window: [8, 8, 8]}}}",
            "{task: segmentation, labels: [a], input: {volume: {window: [1, 8, 8]}}}",
            "{task: segmentation, labels: [a], input: {volume: {window: [8, 8, 8]}}, output: {decoder: watershed}}",
            "{task: classification, labels: [a], input: {clip: {frames: 4}}}",
            "{task: tensors, inputs: [{name: x, shapes: [[8]]}]}",
            "{task: segmentation, labels: [a], golden: {image: a.png, expected: a.json}}");

    private static JsonNode schema() {
        try (InputStream in = ManifestSchemaTest.class.getResourceAsStream("/static/model.schema.json")) {
            return JSON.readTree(Objects.requireNonNull(in));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static List<ManifestTable.Entry> fields() {
        return ManifestTable.entries(SCHEMA);
    }

    @Test
    void theSchemaFollowsItsDraft() {
        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(SchemaLocation.of(SpecificationVersion.DRAFT_2020_12.getDialectId()))
                        .validate(SCHEMA))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("fields")
    void everyFieldChangesTheManifest(ManifestTable.Entry field) {
        assertThat(MANIFESTS)
                .anyMatch(manifest -> values(field.schema()).stream().anyMatch(value -> {
                    try {
                        return !read(with(manifest, field.path(), value).toString())
                                .equals(read(manifest));
                    } catch (InvalidManifestException e) {
                        return false;
                    }
                }));
    }

    /** Values that the schema allows, or may allow. */
    private static List<JsonNode> values(JsonNode field) {
        return Stream.of(
                        field.path("enum").valueStream(),
                        field.path("examples").valueStream(),
                        Stream.of("minimum", "maximum").map(field::path).filter(JsonNode::isNumber),
                        Stream.of("\"other\"", "\"7ms\"", "[\"other\"]", "[\"background\", \"boundary\", \"a\"]")
                                .map(JSON::readTree))
                .flatMap(values -> values)
                .toList();
    }

    private static ObjectNode with(String manifest, String path, JsonNode value) {
        ObjectNode changed = (ObjectNode) new YAMLMapper().readTree(manifest);
        int dot = path.lastIndexOf('.');
        ObjectNode section = dot < 0
                ? changed
                : changed.withObject("/" + path.substring(0, dot).replace('.', '/'));
        section.set(path.substring(dot + 1), value);
        return changed;
    }

    private static ModelManifest read(String manifest) {
        return ManifestReader.read("model.yaml", manifest);
    }

    @Test
    void choicesAreThoseOfTheCode() {
        Map<String, Class<? extends Enum<?>>> types = Map.of(
                "/task", Task.class,
                "/input/properties/colour", ChannelOrder.Colour.class,
                "/input/properties/padding", Padding.Mode.class,
                "/output/properties/decoder", Decoder.class,
                "/execution/properties/device", Device.class,
                "/execution/properties/plan", ExecutionPlan.class,
                "/verification/properties/onLoad", OnLoad.class,
                "/warmUp/properties/dataTypes/items", ElementType.class);
        types.forEach((field, type) -> assertThat(SCHEMA.at("/properties" + field + "/enum")
                        .valueStream()
                        .map(JsonNode::asString)
                        .filter(choice -> type != ExecutionPlan.class || !choice.equals(Execution.AUTO)))
                .as(field)
                .containsExactlyInAnyOrderElementsOf(Stream.of(type.getEnumConstants())
                        .map(choice -> choice.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                        .toList()));
    }

    @Test
    void theTableForPeopleIsThatOfTheSchema() throws IOException {
        String table = ManifestTable.markdown(SCHEMA);
        if (Boolean.getBoolean("manifest.write")) {
            Files.writeString(TABLE, table);
        }
        assertThat(Files.readString(TABLE)).isEqualTo(table);
    }
}
