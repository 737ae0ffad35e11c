package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.ProgramJson.Tagged;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/**
 * The result of a program in TorchScript, nested as in the exported model.
 *
 * <p>Lists and dictionaries of TorchScript hold values of one type. A list of several types becomes a tuple. A dictionary of several
 * types becomes one without nesting, whose keys are joined by dots ({@code aux.0}): the names that gnserve gives to nested outputs
 * anyway.
 */
final class ProgramOutputs {

    /** @param type in TorchScript */
    record Typed(String text, String type) {}

    private ProgramOutputs() {}

    /** The type of a value that a graph returns. */
    static String type(JsonNode argument) {
        return switch (Tagged.of(argument).tag()) {
            case "as_tensor" -> "Tensor";
            case "as_int", "as_sym_int" -> "int";
            case "as_float", "as_sym_float" -> "float";
            case "as_bool", "as_sym_bool" -> "bool";
            case "as_string" -> "str";
            case "as_none" -> "NoneType";
            default ->
                throw new TorchScriptException("the program gives a value of the kind "
                        + Tagged.of(argument).tag() + ", which cannot be served. Export a model that gives tensors");
        };
    }

    /** The returned expression. */
    static Typed result(ValueTree tree, List<Typed> leaves) {
        if (tree.leaves() != leaves.size()) {
            throw ProgramJson.damaged(
                    "it gives " + leaves.size() + " values, and their structure has " + tree.leaves());
        }
        return build(tree, leaves);
    }

    private static Typed build(ValueTree tree, List<Typed> leaves) {
        if (tree.kind() == ValueTree.Kind.LEAF) {
            return leaves.get(0);
        }
        List<Typed> children = new ArrayList<>();
        int from = 0;
        for (ValueTree child : tree.children()) {
            children.add(build(child, leaves.subList(from, from + child.leaves())));
            from += child.leaves();
        }
        List<String> types = children.stream().map(Typed::type).distinct().toList();
        boolean uniform = types.size() == 1 && !types.get(0).equals("NoneType");
        String texts = children.stream().map(Typed::text).collect(Collectors.joining(", "));
        if (tree.kind() == ValueTree.Kind.DICTIONARY) {
            Map<String, Typed> entries = new LinkedHashMap<>();
            if (uniform) {
                for (int i = 0; i < children.size(); i++) {
                    put(tree.keys().get(i), children.get(i), entries);
                }
                return dictionary(entries, types.get(0));
            }
            flatten(tree, leaves, "", entries);
            return dictionary(entries, "Tensor");
        } else if (children.isEmpty()) {
            return new Typed("annotate(List[Tensor], [])", "List[Tensor]");
        } else if (tree.kind() == ValueTree.Kind.LIST && uniform) {
            return new Typed("[" + texts + "]", "List[" + types.get(0) + "]");
        }
        return new Typed(
                "(" + texts + (children.size() == 1 ? ",)" : ")"),
                "Tuple[" + children.stream().map(Typed::type).collect(Collectors.joining(", ")) + "]");
    }

    /** Collects the tensors and numbers below a node by their paths. */
    private static void flatten(ValueTree tree, List<Typed> leaves, String path, Map<String, Typed> into) {
        if (tree.kind() == ValueTree.Kind.LEAF) {
            Typed leaf = leaves.get(0);
            switch (leaf.type()) {
                case "Tensor" -> put(path, leaf, into);
                case "NoneType" -> {}
                case "int", "float", "bool" ->
                    put(path, new Typed("torch.tensor(" + leaf.text() + ")", "Tensor"), into);
                default ->
                    throw new TorchScriptException("the program gives the text " + path
                            + " beside tensors, which cannot be served. Export a model that gives tensors");
            }
            return;
        }
        int from = 0;
        for (int i = 0; i < tree.children().size(); i++) {
            ValueTree child = tree.children().get(i);
            flatten(child, leaves.subList(from, from + child.leaves()), join(path, part(tree, i)), into);
            from += child.leaves();
        }
    }

    private static void put(String key, Typed value, Map<String, Typed> into) {
        if (into.putIfAbsent(key, value) != null) {
            throw new TorchScriptException(
                    "the program gives two values with the name " + key + ". Rename one and export the model again");
        }
    }

    private static Typed dictionary(Map<String, Typed> entries, String type) {
        String dictionary = "Dict[str, " + type + "]";
        String text = entries.entrySet().stream()
                .map(entry -> ScriptWords.quoted(entry.getKey()) + ": "
                        + entry.getValue().text())
                .collect(Collectors.joining(", ", "{", "}"));
        return new Typed(entries.isEmpty() ? "annotate(" + dictionary + ", {})" : text, dictionary);
    }

    /** The name of every leaf: its path within dictionaries, else {@code output}, or {@code output0} and so on. */
    static List<String> names(ValueTree tree) {
        List<String> paths = new ArrayList<>();
        paths(tree, "", paths);
        List<String> names = new ArrayList<>();
        for (String path : paths) {
            names.add(!path.isEmpty() ? path : paths.size() == 1 ? "output" : "output" + names.size());
        }
        return names;
    }

    private static void paths(ValueTree tree, String path, List<String> into) {
        if (tree.kind() == ValueTree.Kind.LEAF) {
            into.add(path);
        }
        for (int i = 0; i < tree.children().size(); i++) {
            boolean named = tree.kind() == ValueTree.Kind.DICTIONARY || !path.isEmpty();
            paths(tree.children().get(i), named ? join(path, part(tree, i)) : "", into);
        }
    }

    private static String part(ValueTree tree, int child) {
        return tree.kind() == ValueTree.Kind.DICTIONARY ? tree.keys().get(child) : Integer.toString(child);
    }

    private static String join(String path, String part) {
        return path.isEmpty() ? part : path + "." + part;
    }
}
