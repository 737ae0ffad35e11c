package dev.gnserve.program;

import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptWords;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.OperatorText.Operator;
import dev.gnserve.program.ProgramJson.Graph;
import dev.gnserve.program.ProgramJson.NamedArgument;
import dev.gnserve.program.ProgramJson.Node;
import dev.gnserve.program.ProgramJson.Tagged;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Writes a graph as the lines of a TorchScript method. A graph within a graph is written at the place of its call. Not thread-safe.
 */
final class GraphText {

    /**
     * A value of the graph.
     *
     * @param text expression in TorchScript
     * @param state the tensor of the program whose memory the value has, or null
     * @param whole whether it is that tensor itself, and not a view of it
     * @param input whether the value has the memory of an input
     */
    record Value(String text, @Nullable State state, boolean whole, boolean input) {

        static Value of(String text) {
            return new Value(text, null, false, false);
        }

        static Value ofInput(String text) {
            return new Value(text, null, false, true);
        }

        static Value of(State state) {
            return new Value(ModelTree.accessor(state), state, true, false);
        }

        boolean belongsToOthers() {
            return state != null || input;
        }
    }

    private static final String HIGHER_ORDER = "torch.ops.higher_order.";

    /** What all graphs of a program share. */
    private record Shared(ModelTree tree, LocalNames names, String device, String writer, List<String> lines) {}

    private final Shared shared;
    private final String indent;
    private final Map<String, Value> values = new HashMap<>();
    private final ArgumentText arguments;
    private boolean changesInput;

    /**
     * @param device text of the device on which the program runs
     * @param writer version of PyTorch that wrote the program
     */
    GraphText(ModelTree tree, LocalNames names, String device, String writer) {
        this(new Shared(tree, names, device, writer, new ArrayList<>()), "");
    }

    private GraphText(Shared shared, String indent) {
        this.shared = shared;
        this.indent = indent;
        this.arguments = new ArgumentText((name, type) -> value(name).text(), shared.device());
    }

    /** Sets an input of the graph. */
    void bind(String name, Value value) {
        values.put(name, value);
    }

    /** A value of the graph. */
    Value value(String name) {
        Value value = values.get(name);
        if (value == null) {
            throw ProgramJson.damaged("it uses the value " + name + ", which no node makes");
        }
        return value;
    }

    /** Adds a line. */
    void line(String text) {
        shared.lines().add(indent + text);
    }

    /** Adds lines that raise an error if a condition does not hold. */
    void require(String condition, String message) {
        line("if " + condition + ":");
        line("  pass");
        line("else:");
        line("  ops.prim.RaiseException(" + message + ")");
    }

    List<String> lines() {
        return shared.lines();
    }

    /** Whether an operator changes an input in place. */
    boolean changesInput() {
        return changesInput;
    }

    /** The text of a value that the graph returns. */
    String argument(JsonNode argument) {
        return arguments.of(argument);
    }

    /** Writes all nodes. */
    void write(Graph graph) {
        graph.nodes().forEach(this::node);
    }

    private void node(Node node) {
        ModelTree.Owner owner = shared.tree().owner(node.metadata().nnModuleStack());
        String target = node.target();
        if (target.startsWith(HIGHER_ORDER)) {
            new NestedGraphs(this, node).write(target.substring(HIGHER_ORDER.length()));
            return;
        }
        if (OperatorText.isOnNumbers(target)) {
            List<String> texts = node.inputs().stream()
                    .map(input -> arguments.of(input.arg()))
                    .toList();
            String call = OperatorText.onNumbers(target, texts);
            assign(node, target.equals("_operator.pow") ? converted(node, call) : call, null);
            return;
        }
        Operator operator = OperatorText.of(target, shared.writer());
        if (operator.hasNoEffect()) {
            return;
        }
        if (operator.name().equals("_assert_scalar")) {
            requireScalar(node);
            return;
        }
        requireNoMutation(node, operator);
        if (operator.isNormalization()) {
            assign(node, normalization(node, operator, owner), null);
            return;
        }
        if (owner != null && owner.isNormalization()) {
            shared.tree().markDecomposed(owner.path());
        }
        List<String> texts = texts(node, arguments);
        boolean scalar = operator.name().equals("item") || operator.name().equals("_local_scalar_dense");
        String call = operator.callee() + "(" + String.join(", ", texts) + ")";
        Value first = firstTensor(node);
        boolean keeps = first != null
                && first.belongsToOthers()
                && (operator.isView() || operator.name().endsWith("_"));
        assign(node, scalar && !texts.isEmpty() ? converted(node, texts.get(0)) : call, keeps ? first : null);
    }

    /** The arguments of a call, by position or by keyword. */
    private static List<String> texts(Node node, ArgumentText arguments) {
        List<String> texts = new ArrayList<>();
        for (NamedArgument input : node.inputs()) {
            String text = arguments.of(input.arg());
            // Old files do not say how an argument was passed. By keyword is right for both kinds.
            boolean keyword = input.kind() == null ? !texts.isEmpty() : input.kind() == 2;
            if (keyword && !input.name().matches("[A-Za-z_]\\w*")) {
                throw ProgramJson.damaged("an argument of " + node.target() + " has no name");
            }
            texts.add(keyword ? input.name() + "=" + text : text);
        }
        return texts;
    }

    /** A number as the type that the graph declares for it. */
    private static String converted(Node node, String number) {
        String tag =
                node.outputs().isEmpty() ? "" : Tagged.of(node.outputs().get(0)).tag();
        return switch (tag) {
            case "as_sym_int" -> "int(" + number + ")";
            case "as_sym_float" -> "float(" + number + ")";
            case "as_sym_bool" -> "bool(" + number + ")";
            default -> number;
        };
    }

    private @Nullable Value firstTensor(Node node) {
        if (node.inputs().isEmpty()) {
            return null;
        }
        Tagged first = Tagged.of(node.inputs().get(0).arg());
        return first.tag().equals("as_tensor") ? value(first.name()) : null;
    }

    private void requireScalar(Node node) {
        if (!node.inputs().isEmpty()) {
            require(
                    condition(node.inputs().get(0).arg()),
                    ScriptWords.quoted("an assertion of the program does not hold"));
        }
    }

    /** The text of a truth value, which may be a tensor. */
    String condition(@Nullable JsonNode argument) {
        String text = arguments.of(argument);
        return Tagged.of(argument).tag().equals("as_tensor") ? "bool(" + text + ")" : text;
    }

    /** The tensors that an operator changes: its first argument, which may be a list, and those that take its result. */
    private List<Value> written(Node node, Operator operator) {
        List<Value> written = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            if ((i == 0 && operator.changesFirst())
                    || node.inputs().get(i).name().equals("out")) {
                Tagged argument = Tagged.of(node.inputs().get(i).arg());
                if (argument.tag().equals("as_tensor")) {
                    written.add(value(argument.name()));
                } else if (argument.tag().equals("as_tensors")) {
                    argument.value()
                            .forEach(each -> written.add(value(each.path("name").asString())));
                }
            }
        }
        return written;
    }

    /** A program that serves must give the same result for the same input, also in several threads. */
    private void requireNoMutation(Node node, Operator operator) {
        State changed = null;
        for (Value written : written(node, operator)) {
            changed = written.state() == null ? changed : written.state();
            changesInput |= written.input();
        }
        boolean training = false;
        for (NamedArgument input : node.inputs()) {
            Tagged argument = Tagged.of(input.arg());
            training |= (input.name().equals("training") || input.name().equals("use_input_stats"))
                    && argument.tag().equals("as_bool")
                    && argument.value().asBoolean(false);
        }
        for (NamedArgument input : node.inputs()) {
            Tagged argument = Tagged.of(input.arg());
            boolean statistics =
                    input.name().equals("running_mean") && argument.tag().equals("as_tensor");
            changed = training && statistics ? value(argument.name()).state() : changed;
        }
        if (changed != null) {
            throw mutation(changed.name());
        }
    }

    /** Of a program whose operators have effects, which tokens keep in order ({@code torch._higher_order_ops.effects}). */
    static TorchScriptException effects() {
        return new TorchScriptException(
                "the program calls an operator with effects, such as one that prints, and keeps their order by an effect token, which is"
                        + " not served. Take the operator out of forward and export the model again: what computes its outputs is"
                        + " enough");
    }

    static TorchScriptException mutation(String name) {
        return new TorchScriptException("the program changes " + name
                + " while it runs, so one request would change the results of others. It was exported in training mode, or"
                + " keeps state: call eval() on the model, or remove the state, then export and save it again");
    }

    /** Puts a normalization into the module that owns it, and gives the call of that method. */
    private String normalization(Node node, Operator operator, ModelTree.@Nullable Owner owner) {
        State weight = node.inputs().stream()
                .filter(input -> input.name().equals("weight"))
                .map(input -> Tagged.of(input.arg()))
                .filter(argument -> argument.tag().equals("as_tensor"))
                .map(argument -> value(argument.name()).state())
                .filter(state -> state != null)
                .findFirst()
                .orElse(null);
        boolean stackNames = owner != null && owner.isNormalization();
        String path = stackNames || weight == null ? (owner == null ? "" : owner.path()) : weight.module();
        List<String> parameters = new ArrayList<>();
        List<String> given = new ArrayList<>();
        LocalNames names = new LocalNames();
        ArgumentText inMethod = new ArgumentText(
                (name, type) -> {
                    Value value = value(name);
                    if (value.state() != null && value.whole()) {
                        return shared.tree()
                                .attributeOf(path, value.state(), value.state().attribute());
                    }
                    String parameter = names.fresh(given.isEmpty() ? "input" : name);
                    parameters.add(parameter + ": " + type);
                    given.add(value.text());
                    return parameter;
                },
                "ops.prim.device(input)");
        String call = operator.callee() + "(" + String.join(", ", texts(node, inMethod)) + ")";
        int results = node.outputs().size();
        String type =
                results == 1 ? "Tensor" : "Tuple[" + String.join(", ", Collections.nCopies(results, "Tensor")) + "]";
        String callee = shared.tree()
                .method(
                        path,
                        name -> new ScriptMethod(name, String.join(", ", parameters), type, List.of("return " + call)));
        return callee + "(" + String.join(", ", given) + ", )";
    }

    /** Assigns the result of a call to the values that a node makes. */
    private void assign(Node node, String call, @Nullable Value memory) {
        List<String> targets = new ArrayList<>();
        List<Runnable> unpack = new ArrayList<>();
        for (JsonNode output : node.outputs()) {
            Tagged tagged = Tagged.of(output);
            if (tagged.tag().equals("as_tensors")) {
                String list = shared.names().fresh("list");
                targets.add(list);
                List<String> elements = new ArrayList<>();
                tagged.value()
                        .forEach(element -> elements.add(define(new Tagged("as_tensor", element).name(), memory)));
                if (!elements.isEmpty()) {
                    unpack.add(() -> line(String.join(", ", elements) + ", = " + list));
                }
            } else {
                String name = name(tagged);
                targets.add(name == null ? shared.names().fresh("unused") : define(name, memory));
            }
        }
        if (targets.isEmpty()) {
            targets.add(shared.names().fresh("unused"));
        }
        line(String.join(", ", targets) + (targets.size() > 1 ? ", = " : " = ") + call);
        unpack.forEach(Runnable::run);
    }

    private String define(String name, @Nullable Value memory) {
        String text = shared.names().fresh(name);
        values.put(name, memory == null ? Value.of(text) : new Value(text, memory.state(), false, memory.input()));
        return text;
    }

    /** The name of a value that a node makes or a graph takes; null for none. */
    static @Nullable String name(Tagged value) {
        return switch (value.tag()) {
            case "as_tensor" -> value.name();
            case "as_sym_int", "as_sym_float", "as_sym_bool" -> {
                Tagged symbol = Tagged.of(value.value());
                yield symbol.tag().equals("as_name") ? symbol.value().asString("") : null;
            }
            case "as_optional_tensor" -> name(Tagged.of(value.value()));
            case "as_none" -> null;
            default ->
                throw new TorchScriptException("the program makes a value of the kind " + value.tag()
                        + ", which is not known here. Export the model without it");
        };
    }

    /** Writes a graph within this one. Returns its results. */
    List<Value> within(JsonNode argument, List<JsonNode> operands, boolean indented) {
        Graph graph = ProgramJson.graph(argument.get("graph"));
        GraphText text = new GraphText(shared, indented ? indent + "  " : indent);
        List<JsonNode> inputs = NestedGraphs.flattened(graph.inputs());
        if (inputs.size() != operands.size()) {
            throw ProgramJson.damaged("a graph within its graph takes another number of values than its call gives");
        }
        for (int i = 0; i < inputs.size(); i++) {
            String name = name(Tagged.of(inputs.get(i)));
            if (name != null) {
                text.bind(name, result(operands.get(i)));
            }
        }
        text.write(graph);
        changesInput |= text.changesInput;
        return NestedGraphs.flattened(graph.outputs()).stream()
                .map(text::result)
                .toList();
    }

    private Value result(JsonNode argument) {
        Tagged tagged = Tagged.of(argument);
        return tagged.tag().equals("as_tensor") ? value(tagged.name()) : Value.of(arguments.of(argument));
    }

    /** A new name for a variable. */
    String fresh(String wanted) {
        return shared.names().fresh(wanted);
    }
}
