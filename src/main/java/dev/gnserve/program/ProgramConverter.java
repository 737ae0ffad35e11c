package dev.gnserve.program;

import dev.gnserve.archive.SavedTensor;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.ScriptWords;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.GraphText.Value;
import dev.gnserve.program.ProgramJson.CallSignature;
import dev.gnserve.program.ProgramJson.Graph;
import dev.gnserve.program.ProgramJson.GraphModule;
import dev.gnserve.program.ProgramJson.Tagged;
import dev.gnserve.program.ProgramOutputs.Typed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Makes a TorchScript module of a program: the same operators in the same order, on the same tensors. */
final class ProgramConverter {

    private static final String TOKEN = "token";

    private static final Set<String> TRAINING_OUTPUTS =
            Set.of("loss_output", "gradient_to_parameter", "gradient_to_user_input");

    /** @param module whose {@code forward} is the program */
    record Converted(ScriptModule module, ProgramFacts facts) {}

    private final ProgramFile file;
    private final GraphModule program;
    private final Graph graph;
    private final LocalNames names = new LocalNames();
    private final ModelTree tree = new ModelTree();

    private ProgramConverter(ProgramFile file) {
        this.file = file;
        this.program = required(file.json().graphModule(), "graph module");
        this.graph = required(program.graph(), "graph");
    }

    /**
     * Converts a program.
     *
     * @throws TorchScriptException if it is damaged or cannot be served; the message says why
     */
    static Converted convert(ProgramFile file) {
        try {
            return new ProgramConverter(file).convert();
        } catch (IllegalArgumentException | ArithmeticException e) { // Names and sizes that no program of PyTorch has.
            throw new TorchScriptException("the program is damaged: " + e.getMessage(), e);
        }
    }

    private static <T> T required(@Nullable T part, String what) {
        if (part == null) {
            throw ProgramJson.damaged("it has no " + what);
        }
        return part;
    }

    private Converted convert() {
        ProgramJson.Signature signature = required(program.signature(), "signature");
        CallSignature call = program.moduleCallGraph().isEmpty()
                ? null
                : program.moduleCallGraph().get(0).signature();
        List<State> states = new ArrayList<>();
        List<String> stateValues = new ArrayList<>();
        List<ProgramInputs.Leaf> leaves = new ArrayList<>();
        for (JsonNode spec : signature.inputSpecs()) {
            Tagged input = Tagged.of(spec);
            switch (input.tag()) {
                case "user_input", "constant_input" -> leaves.add(ProgramInputs.leaf(input));
                case "parameter", "buffer", "tensor_constant" -> {
                    states.add(state(input));
                    stateValues.add(
                            new Tagged("as_tensor", required(input.value().get("arg"), "argument")).name());
                }
                case TOKEN -> throw GraphText.effects();
                default ->
                    throw new TorchScriptException("the program needs an object of the kind " + input.tag()
                            + " beside its tensors, which cannot be loaded. Export the model without it");
            }
        }
        boolean takesTensor = leaves.stream().anyMatch(leaf -> leaf.type().equals("Tensor"));
        String place = names.fresh("place");
        GraphText text = new GraphText(
                tree,
                names,
                takesTensor ? place : "torch.device(\"cpu\")",
                file.json().torchVersion());
        for (int i = 0; i < states.size(); i++) {
            tree.add(states.get(i));
            text.bind(stateValues.get(i), Value.of(states.get(i)));
        }
        ProgramInputs inputs =
                ProgramInputs.of(call, program.treespecNamedtupleFields(), leaves, graph.tensorValues(), names, text);
        Axes axes = new Axes(file.json().rangeConstraints());
        List<JsonNode> results = results(signature);
        FixedBatch batch = FixedBatch.of(inputs.tensors(), results, graph.tensorValues(), names);
        Axes.requireRanks(inputs.tensors(), text);
        if (batch != null) {
            batch.fill(inputs.tensors(), text);
        }
        axes.require(inputs.tensors(), names, text);
        convertTypes(inputs, text);
        if (takesTensor) {
            text.line(place + " = ops.prim.device(" + inputs.tensors().get(0).variable() + ")");
        }
        int start = text.lines().size();
        text.write(graph);
        if (text.changesInput()) { // The caller may run the same input again.
            inputs.tensors()
                    .forEach(input -> text.lines().add(start, "%1$s = torch.clone(%1$s)".formatted(input.variable())));
        }
        ValueTree structure = call == null || call.outSpec().isEmpty()
                ? flat(results.size())
                : ValueTree.parse(call.outSpec(), program.treespecNamedtupleFields());
        List<Typed> typed = results.stream()
                .map(result -> typed(result, text.argument(result), batch))
                .toList();
        Typed result = ProgramOutputs.result(structure, typed);
        text.line("return " + result.text());
        ScriptModule module =
                tree.build(new ScriptMethod("forward", inputs.declaration(), result.type(), text.lines()));
        ProgramFacts facts = new ProgramFacts(
                file.json().torchVersion(),
                required(file.json().schemaVersion(), "schema").toString(),
                inputs.facts(axes),
                outputs(structure, results, axes),
                BatchAxis.of(inputs.tensors(), results, graph.tensorValues()) != null);
        return new Converted(module, facts);
    }

    private State state(Tagged input) {
        boolean constant = input.tag().equals("tensor_constant");
        String name = input.text(constant ? "tensor_constant_name" : input.tag() + "_name");
        SavedTensor saved = file.weights().get(name);
        if (saved == null) {
            saved = file.constants().get(name);
        }
        return new State(name, required(saved, "tensor " + name), input.tag().equals("parameter"));
    }

    /** The engine's Java binding has no bfloat16; so a program of half precision takes float32 as well, and converts it itself. */
    private static void convertTypes(ProgramInputs inputs, GraphText text) {
        for (Axes.Input input : inputs.tensors()) {
            int type = input.meta().dtype();
            String dtype = "ops.prim.dtype(" + input.variable() + ")";
            if (!ScalarTypes.isReal(type)) {
                text.require("torch.eq(" + dtype + ", " + ScalarTypes.number(type) + ")", otherType(input));
                continue;
            }
            text.require("torch.is_floating_point(" + input.variable() + ")", otherType(input));
            text.line(input.variable() + " = torch.to(" + input.variable() + ", " + ScalarTypes.number(type) + ")");
        }
    }

    private static String otherType(Axes.Input input) {
        return ScriptWords.quoted(input.name() + " has another type than "
                + ScalarTypes.name(input.meta().dtype()) + ", which the program takes");
    }

    private static Typed typed(JsonNode result, String text, @Nullable FixedBatch batch) {
        String type = ProgramOutputs.type(result);
        return new Typed(batch == null || !type.equals("Tensor") ? text : batch.part(text), type);
    }

    /** What the program returns. */
    private static List<JsonNode> results(ProgramJson.Signature signature) {
        List<JsonNode> results = new ArrayList<>();
        for (JsonNode spec : signature.outputSpecs()) {
            Tagged output = Tagged.of(spec);
            switch (output.tag()) {
                case "user_output" -> results.add(required(output.value().get("arg"), "argument"));
                case "user_input_mutation" -> {} // The service keeps no input after the pass.
                case "buffer_mutation" -> throw GraphText.mutation(output.text("buffer_name"));
                case "parameter_mutation" -> throw GraphText.mutation(output.text("parameter_name"));
                case TOKEN -> throw GraphText.effects();
                default ->
                    throw new TorchScriptException(
                            TRAINING_OUTPUTS.contains(output.tag())
                                    ? "the program is a training step with a loss or gradients. Export the model after eval()"
                                    : "the program has a result of the kind " + output.tag()
                                            + ", which is not served. Export the model without it");
            }
        }
        return results;
    }

    private static ValueTree flat(int results) {
        return results == 1
                ? ValueTree.LEAF
                : new ValueTree(ValueTree.Kind.TUPLE, List.of(), Collections.nCopies(results, ValueTree.LEAF));
    }

    private List<ProgramFacts.Tensor> outputs(ValueTree structure, List<JsonNode> results, Axes axes) {
        List<String> outputNames = ProgramOutputs.names(structure);
        List<ProgramFacts.Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            Tagged result = Tagged.of(results.get(i));
            ProgramJson.TensorMeta meta =
                    result.tag().equals("as_tensor") ? graph.tensorValues().get(result.name()) : null;
            if (meta != null) {
                outputs.add(new ProgramFacts.Tensor(outputNames.get(i), ScalarTypes.name(meta.dtype()), axes.of(meta)));
            }
        }
        return outputs;
    }
}
