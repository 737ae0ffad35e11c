package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.GraphText.Value;
import dev.gnserve.program.ProgramJson.CallSignature;
import dev.gnserve.program.ProgramJson.Tagged;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a program in TorchScript, nested as in the exported model where TorchScript has a type for them. An argument that
 * nests values of several types becomes one argument for each tensor. Not thread-safe.
 */
final class ProgramInputs {

    /**
     * A value that a caller gives.
     *
     * @param value name in the graph; null for a constant, which no request gives
     * @param type in TorchScript
     */
    record Leaf(@Nullable String value, String type) {}

    private final List<String> parameters = new ArrayList<>();
    private final List<Axes.Input> tensors = new ArrayList<>();
    private final Map<String, TensorMeta> metas;
    private final LocalNames names;
    private final GraphText graph;

    private ProgramInputs(Map<String, TensorMeta> metas, LocalNames names, GraphText graph) {
        this.metas = metas;
        this.names = names;
        this.graph = graph;
    }

    /**
     * Declares the parameters and writes the lines that take them apart.
     *
     * @param leaves what the graph takes from a caller, in its order
     * @param metas types and shapes by name
     */
    static ProgramInputs of(
            @Nullable CallSignature call,
            Map<String, ProgramJson.NamedTuple> namedTuples,
            List<Leaf> leaves,
            Map<String, TensorMeta> metas,
            LocalNames names,
            GraphText graph) {
        ProgramInputs inputs = new ProgramInputs(metas, names, graph);
        ValueTree whole = call == null || call.inSpec().isEmpty()
                ? new ValueTree(ValueTree.Kind.TUPLE, List.of(), Collections.nCopies(leaves.size(), ValueTree.LEAF))
                : ValueTree.parse(call.inSpec(), namedTuples);
        if (whole.leaves() != leaves.size()) {
            throw ProgramJson.damaged(
                    "it takes " + leaves.size() + " values, and their structure has " + whole.leaves());
        }
        List<String> arguments = call == null ? List.of() : call.forwardArgNames();
        List<ValueTree> top = new ArrayList<>();
        for (ValueTree group : whole.children()) { // The positional arguments, and those by name.
            top.addAll(group.kind() == ValueTree.Kind.LEAF ? List.of(group) : group.children());
        }
        int from = 0;
        for (int i = 0; i < top.size(); i++) {
            List<Leaf> own = leaves.subList(from, from + top.get(i).leaves());
            inputs.add(top.get(i), own, i < arguments.size() ? arguments.get(i) : null);
            from += own.size();
        }
        return inputs;
    }

    /** The declaration after {@code self}. */
    String declaration() {
        return String.join(", ", parameters);
    }

    /** All tensors. */
    List<Axes.Input> tensors() {
        return tensors;
    }

    private void add(ValueTree tree, List<Leaf> leaves, @Nullable String argument) {
        String type = type(tree, leaves);
        if (tree.kind() != ValueTree.Kind.LEAF && type != null) {
            String parameter = names.fresh(argument == null ? "inputs" : argument);
            parameters.add(parameter + ": " + type);
            takeApart(tree, leaves, parameter, argument == null ? "inputs" : argument);
            return;
        }
        for (Leaf leaf : leaves) {
            if (leaf.value() != null) {
                String name = leaves.size() == 1 && argument != null ? argument : leaf.value();
                String parameter = names.fresh(name);
                parameters.add(parameter + ": " + leaf.type());
                bind(leaf, parameter, name);
            }
        }
    }

    /** The type of an argument; null if TorchScript has none. */
    private static @Nullable String type(ValueTree tree, List<Leaf> leaves) {
        if (tree.kind() == ValueTree.Kind.LEAF) {
            return leaves.get(0).value() == null ? null : leaves.get(0).type();
        }
        List<String> types = new ArrayList<>();
        int from = 0;
        for (ValueTree child : tree.children()) {
            String type = type(child, leaves.subList(from, from + child.leaves()));
            if (type == null) {
                return null;
            }
            types.add(type);
            from += child.leaves();
        }
        boolean uniform = types.stream().distinct().count() == 1;
        return switch (tree.kind()) {
            case LEAF -> null;
            case TUPLE -> types.isEmpty() ? null : "Tuple[" + String.join(", ", types) + "]";
            case LIST -> uniform ? "List[" + types.get(0) + "]" : null;
            case DICTIONARY -> uniform ? "Dict[str, " + types.get(0) + "]" : null;
        };
    }

    private void takeApart(ValueTree tree, List<Leaf> leaves, String text, String name) {
        if (tree.kind() == ValueTree.Kind.LEAF) {
            String variable = names.fresh(String.valueOf(leaves.get(0).value()));
            graph.line(variable + " = " + text);
            bind(leaves.get(0), variable, name);
            return;
        }
        if (tree.kind() == ValueTree.Kind.LIST) {
            int length = tree.children().size();
            graph.require(
                    "torch.eq(torch.len(" + text + "), " + length + ")",
                    Axes.format(name + " has {} elements, allowed are " + length, "torch.len(" + text + ")"));
        }
        int from = 0;
        for (int i = 0; i < tree.children().size(); i++) {
            ValueTree child = tree.children().get(i);
            String key = tree.kind() == ValueTree.Kind.DICTIONARY
                    ? ScriptWords.quoted(tree.keys().get(i))
                    : Integer.toString(i);
            String part = "(" + text + ")[" + key + "]";
            String path = name + "."
                    + (tree.kind() == ValueTree.Kind.DICTIONARY ? tree.keys().get(i) : i);
            takeApart(child, leaves.subList(from, from + child.leaves()), part, path);
            from += child.leaves();
        }
    }

    private void bind(Leaf leaf, String variable, String name) {
        String value = String.valueOf(leaf.value());
        graph.bind(value, Value.ofInput(variable));
        if (!leaf.type().equals("Tensor")) {
            return;
        }
        TensorMeta meta = metas.get(value);
        if (meta == null) {
            throw ProgramJson.damaged("its input " + value + " has no shape");
        }
        tensors.add(new Axes.Input(name, variable, meta));
    }

    /** What a caller gives for an input of the signature. */
    static Leaf leaf(Tagged input) {
        if (input.tag().equals("constant_input")) {
            return new Leaf(null, "NoneType");
        }
        Tagged argument = Tagged.of(input.value().get("arg"));
        return switch (argument.tag()) {
            case "as_tensor" -> new Leaf(argument.name(), "Tensor");
            case "as_sym_int" -> new Leaf(symbol(argument), "int");
            case "as_sym_float" -> new Leaf(symbol(argument), "float");
            case "as_sym_bool" -> new Leaf(symbol(argument), "bool");
            default ->
                throw new TorchScriptException("the program takes an input of the kind " + argument.tag()
                        + ", which cannot be given. Export a model that takes tensors");
        };
    }

    private static @Nullable String symbol(Tagged argument) {
        Tagged named = Tagged.of(argument.value());
        return named.tag().equals("as_name") ? named.value().asString("") : null;
    }

    /** The names, types and shapes of the tensors. */
    List<ProgramFacts.Tensor> facts(Axes axes) {
        return tensors.stream()
                .map(input -> new ProgramFacts.Tensor(
                        input.name(), ScalarTypes.name(input.meta().dtype()), axes.of(input.meta())))
                .collect(Collectors.toList());
    }
}
