package dev.gnserve.program;

import dev.gnserve.program.ProgramJson.Tagged;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A batch axis of a fixed size above 1. The archive takes smaller batches as well: it repeats the first element until the batch is
 * full, and drops what that gives.
 *
 * @param size of the batch
 * @param variable of the input
 * @param given variable with the size of the given batch
 */
record FixedBatch(long size, String variable, String given) {

    /** Null unless the program takes one tensor and gives tensors, all with the same fixed first axis. */
    static @Nullable FixedBatch of(
            List<Axes.Input> inputs, List<JsonNode> results, Map<String, TensorMeta> metas, LocalNames names) {
        long size = inputs.size() == 1 ? first(inputs.get(0).meta()) : 0;
        boolean all = size > 1 && !results.isEmpty();
        for (JsonNode result : results) {
            Tagged tagged = Tagged.of(result);
            all = all && tagged.tag().equals("as_tensor") && first(metas.get(tagged.name())) == size;
        }
        return all ? new FixedBatch(size, inputs.get(0).variable(), names.fresh("given")) : null;
    }

    private static long first(@Nullable TensorMeta meta) {
        if (meta == null || meta.sizes().isEmpty()) {
            return 0;
        }
        Tagged size = Tagged.of(meta.sizes().get(0));
        return size.tag().equals("as_int") ? size.value().asLong(0) : 0;
    }

    /** Fills the batch up. */
    void fill(int rank, GraphText into) {
        String rest = String.join(", ", Collections.nCopies(rank - 1, "1"));
        into.line(given + " = torch.size(" + variable + ", 0)");
        into.line("if torch.lt(" + given + ", " + size + "):");
        into.line("  %1$s = torch.cat([%1$s, torch.repeat(torch.narrow(%1$s, 0, 0, 1), [torch.sub(%2$d, %3$s)%4$s])])"
                .formatted(variable, size, given, rest.isEmpty() ? "" : ", " + rest));
        into.line("else:");
        into.line("  pass");
    }

    /** The part of a result that belongs to the given batch. */
    String part(String result) {
        return "torch.narrow(" + result + ", 0, 0, " + given + ")";
    }
}
