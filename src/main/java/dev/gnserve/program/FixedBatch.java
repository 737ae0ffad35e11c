package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A batch axis of a fixed size above 1. The archive takes smaller batches as well: it repeats the first element until the batch is
 * full, and drops what that gives.
 *
 * @param size of the batch
 * @param given variable with the size of the given batch
 */
record FixedBatch(long size, String given) {

    /** Null unless the program takes and gives tensors that all have the same fixed first axis. */
    static @Nullable FixedBatch of(
            List<Axes.Input> inputs, List<JsonNode> results, Map<String, TensorMeta> metas, LocalNames names) {
        JsonNode size = BatchAxis.of(inputs, results, metas);
        long fixed = size == null ? 0 : BatchAxis.fixed(size);
        return fixed > 1 ? new FixedBatch(fixed, names.fresh("given")) : null;
    }

    /** Fills the batch of every input up. */
    void fill(List<Axes.Input> inputs, GraphText into) {
        into.line(given + " = torch.size(" + inputs.get(0).variable() + ", 0)");
        for (Axes.Input input : inputs) {
            String variable = input.variable();
            String rest = ", 1".repeat(input.meta().sizes().size() - 1);
            into.require(
                    "torch.eq(torch.size(" + variable + ", 0), " + given + ")",
                    ScriptWords.quoted(input.name() + " has another batch than "
                            + inputs.get(0).name()));
            into.line("if torch.lt(" + given + ", " + size + "):");
            into.line(
                    "  %1$s = torch.cat([%1$s, torch.repeat(torch.narrow(%1$s, 0, 0, 1), [torch.sub(%2$d, %3$s)%4$s])])"
                            .formatted(variable, size, given, rest));
            into.line("else:");
            into.line("  pass");
        }
    }

    /** The part of a result that belongs to the given batch. */
    String part(String result) {
        return "torch.narrow(" + result + ", 0, 0, " + given + ")";
    }
}
