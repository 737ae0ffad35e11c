package dev.gnserve.backend.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Builds the arguments of {@code forward} of named tensors: lists, tuples and dictionaries as the archive declares them. Not
 * thread-safe.
 *
 * <p>The first part of a name is the argument's, the next parts are places in a list or tuple and keys of a dictionary:
 * {@code levels.0}, {@code options.gain}. Arguments that follow the last tensor keep their default values. Where no name is that of an
 * argument, the order decides.
 */
final class ArgumentTree {

    private final List<IValue> made = new ArrayList<>();

    private ArgumentTree() {}

    /** Arguments in native memory, freed by {@link #close}. */
    static final class Values implements AutoCloseable {

        private final IValue[] arguments;
        private final List<IValue> parts;

        /** For arguments that share no parts. */
        Values(IValue... arguments) {
            this(arguments, List.of(arguments));
        }

        private Values(IValue[] arguments, List<IValue> parts) {
            this.arguments = arguments;
            this.parts = List.copyOf(parts);
        }

        IValue[] arguments() {
            return arguments;
        }

        @Override
        public void close() {
            parts.forEach(IValue::close);
        }
    }

    /** A tensor and the rest of its name: its path within the part that is being built. */
    private record Leaf(String path, NDArray array) {

        String head() {
            int dot = path.indexOf('.');
            return dot < 0 ? path : path.substring(0, dot);
        }

        Leaf tail() {
            int dot = path.indexOf('.');
            return new Leaf(dot < 0 ? "" : path.substring(dot + 1), array);
        }
    }

    /**
     * The arguments.
     *
     * @param names of the tensors; in the order of the arguments, if they have other names
     * @throws FailureException ENGINE_FAULT if they are not what {@code forward} takes
     */
    static Values values(ForwardSignature forward, List<String> names, List<NDArray> arrays) {
        List<Leaf> leaves = IntStream.range(0, names.size())
                .mapToObj(i -> new Leaf(names.get(i), arrays.get(i)))
                .toList();
        List<List<Leaf>> groups = inOrder(forward, byHead(leaves));
        List<ForwardSignature.Input> taken = forward.inputs();
        if (groups.size() > taken.size()
                || taken.stream().skip(groups.size()).anyMatch(ForwardSignature.Input::required)) {
            throw fault("forward takes " + forward.describeInputs() + ", and is given " + names);
        }
        ArgumentTree tree = new ArgumentTree();
        try {
            IValue[] arguments = new IValue[groups.size()];
            for (int i = 0; i < arguments.length; i++) {
                List<Leaf> own = groups.get(i).stream().map(Leaf::tail).toList();
                arguments[i] = tree.build(
                        taken.get(i).name(), new ScriptType(taken.get(i).type()), own);
            }
            return new Values(arguments, tree.made);
        } catch (RuntimeException | Error e) {
            tree.made.forEach(IValue::close);
            throw e;
        }
    }

    /** The tensors of each argument, in the order of the arguments. */
    private static List<List<Leaf>> inOrder(ForwardSignature forward, Map<String, List<Leaf>> byName) {
        List<String> arguments =
                forward.inputs().stream().map(ForwardSignature.Input::name).toList();
        if (byName.keySet().stream().noneMatch(arguments::contains)) {
            return List.copyOf(byName.values());
        }
        String taken = "forward takes " + forward.describeInputs() + ", and is given " + byName.keySet();
        if (!arguments.containsAll(byName.keySet())) {
            throw fault(taken + ". Name each input as its argument");
        }
        List<String> first = arguments.subList(0, byName.size());
        if (!byName.keySet().containsAll(first)) {
            throw fault(taken + ". Only arguments behind the last one that is given can be left out");
        }
        return first.stream().map(byName::get).toList();
    }

    private static Map<String, List<Leaf>> byHead(List<Leaf> leaves) {
        Map<String, List<Leaf>> groups = new LinkedHashMap<>();
        leaves.forEach(leaf ->
                groups.computeIfAbsent(leaf.head(), any -> new ArrayList<>()).add(leaf));
        return groups;
    }

    private IValue build(String name, ScriptType type, List<Leaf> leaves) {
        if (type.is("Tensor")) {
            if (leaves.size() != 1 || !leaves.get(0).path().isEmpty()) {
                throw fault(name + " is one tensor, but it is given "
                        + leaves.stream().map(leaf -> name + "." + leaf.path()).toList());
            }
            return keep(IValue.from((PtNDArray) leaves.get(0).array()));
        }
        if (type.is("Dict") && type.parts().get(1).is("Tensor")) { // Its keys may have dots.
            Map<String, PtNDArray> entries = new LinkedHashMap<>();
            leaves.forEach(leaf -> entries.put(leaf.path(), (PtNDArray) leaf.array()));
            return keep(IValue.stringMapFrom(entries));
        }
        if (!type.isContainer()) {
            throw fault(name + " is of type " + type
                    + ", but only tensors can be given. Export a model that takes tensors");
        }
        if (leaves.stream().anyMatch(leaf -> leaf.path().isEmpty())) {
            throw fault(name + " is of type " + type + ". Name each tensor in it, as " + type.example(name));
        }
        Map<String, IValue> children = new LinkedHashMap<>();
        byHead(leaves).forEach((key, own) -> {
            int place = children.size();
            boolean numbered = !type.is("Dict");
            if (numbered && (!key.equals(Integer.toString(place)) || !type.hasPart(place))) {
                throw fault(name + " is of type " + type + " and is given " + name + "." + key + ". Its parts are "
                        + type.example(name) + " and so on, in this order");
            }
            children.put(
                    key,
                    build(
                            name + "." + key,
                            type.part(place),
                            own.stream().map(Leaf::tail).toList()));
        });
        if (type.is("Tuple") && children.size() != type.parts().size()) {
            throw fault(name + " has " + type.parts().size() + " parts, and is given " + children.size());
        }
        IValue[] values = children.values().toArray(IValue[]::new);
        if (type.is("Dict")) {
            return keep(IValue.stringIValueMapFrom(children));
        } else if (type.is("Tuple")) {
            return keep(IValue.tupleFrom(values));
        }
        return keep(
                type.part(0).is("Tensor")
                        ? IValue.listFrom(leaves.stream().map(Leaf::array).toArray(PtNDArray[]::new))
                        : IValue.listFrom(values));
    }

    private IValue keep(IValue value) {
        made.add(value);
        return value;
    }

    private static FailureException fault(String detail) {
        return new FailureException(FailureCode.ENGINE_FAULT, detail);
    }
}
