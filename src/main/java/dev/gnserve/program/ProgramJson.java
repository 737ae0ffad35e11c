package dev.gnserve.program;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.gnserve.archive.TorchScriptException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON of a program, as far as it is read: names and nesting are those of PyTorch's {@code torch/_export/serde/schema.py},
 * major version 8. Fields that are not listed here are skipped. A field that is missing is empty.
 *
 * <p>A union is an object with one field, whose name says what it holds ({@code as_tensor}): see {@link Tagged}.
 */
final class ProgramJson {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // Python writes Infinity and NaN.
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .build();

    private ProgramJson() {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Program(
            @Nullable GraphModule graphModule,
            Map<String, Range> rangeConstraints,
            @Nullable SchemaVersion schemaVersion,
            String torchVersion) {
        Program {
            rangeConstraints = orEmpty(rangeConstraints);
            torchVersion = torchVersion == null ? "unknown" : torchVersion;
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record SchemaVersion(int major, int minor) {
        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /** Bounds of a symbol. A bound beyond every size means none. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Range(@Nullable Double minVal, @Nullable Double maxVal) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record GraphModule(
            @Nullable Graph graph,
            @Nullable Signature signature,
            List<ModuleCall> moduleCallGraph,
            Map<String, NamedTuple> treespecNamedtupleFields) {
        GraphModule {
            moduleCallGraph = orEmpty(moduleCallGraph);
            treespecNamedtupleFields = orEmpty(treespecNamedtupleFields);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record NamedTuple(List<String> fieldNames) {
        NamedTuple {
            fieldNames = orEmpty(fieldNames);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record ModuleCall(@Nullable CallSignature signature) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record CallSignature(String inSpec, String outSpec, List<String> forwardArgNames) {
        CallSignature {
            inSpec = inSpec == null ? "" : inSpec;
            outSpec = outSpec == null ? "" : outSpec;
            forwardArgNames = orEmpty(forwardArgNames);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Signature(List<JsonNode> inputSpecs, List<JsonNode> outputSpecs) {
        Signature {
            inputSpecs = orEmpty(inputSpecs);
            outputSpecs = orEmpty(outputSpecs);
        }
    }

    /** @param tensorValues type and shape of every tensor by its name */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Graph(
            List<JsonNode> inputs, List<JsonNode> outputs, List<Node> nodes, Map<String, TensorMeta> tensorValues) {
        Graph {
            inputs = orEmpty(inputs);
            outputs = orEmpty(outputs);
            nodes = orEmpty(nodes);
            tensorValues = orEmpty(tensorValues);
        }
    }

    /** @param target what is called: {@code torch.ops.aten.conv2d.default} */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Node(String target, List<NamedArgument> inputs, List<JsonNode> outputs, Metadata metadata) {
        Node {
            target = target == null ? "" : target;
            inputs = orEmpty(inputs);
            outputs = orEmpty(outputs);
            metadata = metadata == null ? new Metadata("") : metadata;
        }
    }

    /** @param nnModuleStack the modules whose forward calls the node, outermost first: {@code key,path,type;...} */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Metadata(String nnModuleStack) {
        Metadata {
            nnModuleStack = nnModuleStack == null ? "" : nnModuleStack;
        }
    }

    /** @param kind 1 positional, 2 by keyword; null in files of torch 2.6 and older */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record NamedArgument(
            String name, @Nullable JsonNode arg, @Nullable Integer kind) {
        NamedArgument {
            name = name == null ? "" : name;
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record TensorMeta(
            int dtype,
            List<JsonNode> sizes,
            List<JsonNode> strides,
            @Nullable JsonNode storageOffset) {
        TensorMeta {
            sizes = orEmpty(sizes);
            strides = orEmpty(strides);
        }
    }

    /** The table of weights in an archive of torch 2.9 and later. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Payloads(Map<String, Payload> config) {
        Payloads {
            config = orEmpty(config);
        }
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Payload(
            String pathName, boolean usePickle, @Nullable TensorMeta tensorMeta) {
        Payload {
            pathName = pathName == null ? "" : pathName;
        }
    }

    /** The only field of a union that is set. */
    record Tagged(String tag, JsonNode value) {

        static Tagged of(@Nullable JsonNode union) {
            if (union != null && union.isObject()) {
                for (Map.Entry<String, JsonNode> field : union.properties()) {
                    if (!field.getValue().isNull()) {
                        return new Tagged(field.getKey(), field.getValue());
                    }
                }
            }
            throw damaged("a value has no type");
        }

        String name() {
            return text("name");
        }

        String text(String field) {
            JsonNode found = value.get(field);
            if (found == null || !found.isString()) {
                throw damaged("a value of type " + tag + " has no " + field);
            }
            return found.stringValue();
        }
    }

    static <T> T read(byte[] json, Class<T> type, String file) {
        try {
            T read = MAPPER.readValue(json, type);
            if (read != null) {
                return read;
            }
        } catch (JacksonException e) {
            throw new TorchScriptException(
                    file + " of the program cannot be read: " + e.getOriginalMessage() + ". Save the program again", e);
        }
        throw damaged(file + " is empty");
    }

    static JsonNode tree(String json, String what) {
        return read(json.getBytes(StandardCharsets.UTF_8), JsonNode.class, what);
    }

    /** A graph that is the argument of a node. */
    static Graph graph(@Nullable JsonNode json) {
        if (json == null) {
            throw damaged("a graph is missing");
        }
        try {
            return MAPPER.treeToValue(json, Graph.class);
        } catch (JacksonException e) {
            throw new TorchScriptException(
                    "a graph of the program cannot be read: " + e.getOriginalMessage() + ". Save the program again", e);
        }
    }

    /** A union with one field. */
    static JsonNode union(String tag, JsonNode value) {
        return MAPPER.createObjectNode().set(tag, value);
    }

    static TorchScriptException damaged(String how) {
        return new TorchScriptException("the program is damaged: " + how + ". Copy it or save it again");
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        if (list == null) {
            return List.of();
        }
        List<T> present = new ArrayList<>(list);
        present.removeIf(element -> element == null);
        return Collections.unmodifiableList(present);
    }

    private static <T> Map<String, T> orEmpty(@Nullable Map<String, T> map) {
        if (map == null) {
            return Map.of();
        }
        Map<String, T> present = new LinkedHashMap<>(map);
        present.values().removeIf(value -> value == null);
        return Collections.unmodifiableMap(present);
    }
}
