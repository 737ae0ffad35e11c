package dev.gnserve.program;

import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.program.GraphText.Value;
import dev.gnserve.program.ProgramJson.NamedArgument;
import dev.gnserve.program.ProgramJson.Node;
import dev.gnserve.program.ProgramJson.Tagged;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Writes a node whose arguments are graphs: {@code cond} as an if, others in the place of their call where that means the same.
 *
 * @param outer the graph of the node
 */
record NestedGraphs(GraphText outer, Node node) {

    /** Writes the graphs of the node in its place. */
    void write(String operator) {
        List<JsonNode> graphs = new ArrayList<>();
        List<JsonNode> operands = new ArrayList<>();
        for (NamedArgument input : node.inputs()) {
            Tagged argument = Tagged.of(input.arg());
            if (argument.tag().equals("as_graph")) {
                graphs.add(argument.value());
            } else if (!graphs.isEmpty()) {
                flatten(argument, operands);
            }
        }
        if (operator.equals("with_effects")) {
            throw GraphText.effects();
        }
        boolean autocast = operator.equals("wrap_with_autocast")
                && node.inputs().size() > 2
                && Tagged.of(node.inputs().get(2).arg()).value().asBoolean(true);
        boolean inline = operator.equals("wrap_with_set_grad_enabled")
                || (operator.equals("wrap_with_autocast") && !autocast)
                || operator.equals("strict_mode");
        if (operator.equals("cond") && graphs.size() == 2) {
            branch(graphs, operands);
        } else if (inline && graphs.size() == 1) {
            List<Value> results = outer.within(graphs.get(0), operands, false);
            bindResults(results);
        } else {
            throw new TorchScriptException("the program calls the higher-order operator " + operator
                    + (autocast ? " (autocast)" : "")
                    + ", which is not served; cond is. Export the model without it");
        }
    }

    private void branch(List<JsonNode> graphs, List<JsonNode> operands) {
        List<String> results = new ArrayList<>();
        List<Value> made = new ArrayList<>();
        for (JsonNode output : flattened(node.outputs())) {
            String name = GraphText.name(Tagged.of(output));
            String text = outer.fresh(name == null ? "unused" : name);
            results.add(text);
            made.add(Value.of(text));
        }
        outer.line("if " + outer.condition(node.inputs().get(0).arg()) + ":");
        for (int i = 0; i < 2; i++) {
            if (i == 1) {
                outer.line("else:");
            }
            List<Value> inBranch = outer.within(graphs.get(i), operands, true);
            if (inBranch.size() != results.size()) {
                throw ProgramJson.damaged("a branch of its graph gives another number of values than its call takes");
            }
            for (int k = 0; k < results.size(); k++) {
                outer.line("  " + results.get(k) + " = " + inBranch.get(k).text());
            }
            outer.line("  pass");
        }
        bindResults(made);
    }

    private void bindResults(List<Value> results) {
        List<JsonNode> outputs = flattened(node.outputs());
        if (outputs.size() != results.size()) {
            throw ProgramJson.damaged("a graph within its graph gives another number of values than its call takes");
        }
        for (int i = 0; i < outputs.size(); i++) {
            String name = GraphText.name(Tagged.of(outputs.get(i)));
            if (name != null) {
                outer.bind(name, results.get(i));
            }
        }
    }

    /** The values of an argument list, with the elements of lists. */
    static List<JsonNode> flattened(List<JsonNode> values) {
        List<JsonNode> flat = new ArrayList<>();
        values.forEach(value -> flatten(Tagged.of(value), flat));
        return flat;
    }

    /** Adds the elements of a list, or a value that is none. */
    private static void flatten(Tagged value, List<JsonNode> into) {
        String element = switch (value.tag()) {
            case "as_tensors" -> "as_tensor";
            case "as_sym_ints" -> "as_sym_int";
            case "as_ints" -> "as_int";
            default -> null;
        };
        if (element == null) {
            into.add(ProgramJson.union(value.tag(), value.value()));
        } else {
            value.value().forEach(each -> into.add(ProgramJson.union(element, each)));
        }
    }
}
