package dev.gnserve.program;

import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.ProgramJson.NamedTuple;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * How values nest in the inputs or outputs of a program: PyTorch's {@code TreeSpec}. Immutable.
 *
 * @param kind of the container, or a leaf
 * @param keys of a dictionary, one for each child; else empty
 */
record ValueTree(Kind kind, List<String> keys, List<ValueTree> children) {

    /** What a node is. A named tuple and a data class count as dictionaries of their fields. */
    enum Kind {
        LEAF,
        TUPLE,
        LIST,
        DICTIONARY
    }

    static final ValueTree LEAF = new ValueTree(Kind.LEAF, List.of(), List.of());

    private static final int MAX_DEPTH = 50;

    ValueTree {
        keys = List.copyOf(keys);
        children = List.copyOf(children);
    }

    /**
     * Reads a tree.
     *
     * @param spec JSON: version and root
     * @param fields of named tuples, by the name of their class
     */
    static ValueTree parse(String spec, Map<String, NamedTuple> fields) {
        JsonNode read = ProgramJson.tree(spec, "the structure of inputs or outputs");
        if (!read.isArray()
                || read.size() != 2
                || !read.get(0).isInt()
                || read.get(0).intValue() != 1) {
            throw ProgramJson.damaged("the structure of its inputs or outputs is of an unknown version");
        }
        return node(read.get(1), fields, 0);
    }

    private static ValueTree node(JsonNode node, Map<String, NamedTuple> fields, int depth) {
        JsonNode type = node.get("type");
        if (type == null || type.isNull()) {
            return LEAF;
        }
        if (depth > MAX_DEPTH) {
            throw ProgramJson.damaged("its inputs or outputs are nested more than " + MAX_DEPTH + " deep");
        }
        List<ValueTree> children = new ArrayList<>();
        JsonNode specs = node.get("children_spec");
        if (specs != null) {
            specs.forEach(child -> children.add(node(child, fields, depth + 1)));
        }
        String name = type.asString("");
        JsonNode context = context(node.get("context"));
        return switch (name) {
            case "builtins.tuple" -> new ValueTree(Kind.TUPLE, List.of(), children);
            case "builtins.list", "collections.deque" -> new ValueTree(Kind.LIST, List.of(), children);
            case "collections.namedtuple" -> {
                NamedTuple named = context == null ? null : fields.get(context.asString(""));
                yield named != null && named.fieldNames().size() == children.size()
                        ? new ValueTree(Kind.DICTIONARY, named.fieldNames(), children)
                        : new ValueTree(Kind.TUPLE, List.of(), children);
            }
            case "collections.defaultdict" ->
                dictionary(name, context == null ? null : context.get("dict_context"), children);
            default ->
                name.startsWith("torch.return_types.") // What torch.max and others return.
                        ? new ValueTree(Kind.TUPLE, List.of(), children)
                        : dictionary(name, context, children);
        };
    }

    /** A context is JSON, or a text that holds JSON. */
    private static @Nullable JsonNode context(@Nullable JsonNode context) {
        return context != null && context.isString() && context.stringValue().matches("(?s)\\s*[\\[{\"].*")
                ? ProgramJson.tree(context.stringValue(), "a type of the inputs or outputs")
                : context;
    }

    private static ValueTree dictionary(String type, @Nullable JsonNode keys, List<ValueTree> children) {
        // A data class and the outputs of Hugging Face write a list of lists: its first element has the names.
        JsonNode names =
                keys != null && keys.isArray() && !keys.isEmpty() && keys.get(0).isArray() ? keys.get(0) : keys;
        if (names == null || !names.isArray() || names.size() != children.size()) {
            throw new TorchScriptException("the program takes or gives a value of the class " + type
                    + ", whose parts are not known here. Export a model that takes and gives tensors, tuples, lists and"
                    + " dictionaries");
        }
        List<String> found = new ArrayList<>();
        names.forEach(key -> found.add(key.isString() ? key.stringValue() : key.toString()));
        return new ValueTree(Kind.DICTIONARY, found, children);
    }

    /** The number of leaves. */
    int leaves() {
        return kind == Kind.LEAF
                ? 1
                : children.stream().mapToInt(ValueTree::leaves).sum();
    }
}
