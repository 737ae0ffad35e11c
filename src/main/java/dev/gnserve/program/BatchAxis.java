package dev.gnserve.program;

import dev.gnserve.program.ProgramJson.Tagged;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Finds the axis along which a program takes and gives a batch: the first one, if all tensors have it. */
final class BatchAxis {

    private BatchAxis() {}

    /**
     * The size of the batch.
     *
     * @return the size in the program's words; null if a tensor has another first axis, if the size is also that of another axis (so
     *     that the elements of a batch belong together), or if the program gives anything but tensors
     */
    static @Nullable JsonNode of(List<Axes.Input> inputs, List<JsonNode> results, Map<String, TensorMeta> metas) {
        List<@Nullable TensorMeta> all = new ArrayList<>();
        inputs.forEach(input -> all.add(input.meta()));
        for (JsonNode result : results) {
            Tagged tagged = Tagged.of(result);
            if (!tagged.tag().equals("as_none")) {
                all.add(tagged.tag().equals("as_tensor") ? metas.get(tagged.name()) : null);
            }
        }
        JsonNode size = inputs.isEmpty() || inputs.get(0).meta().sizes().isEmpty()
                ? null
                : inputs.get(0).meta().sizes().get(0);
        return size != null && all.stream().allMatch(meta -> meta != null && isBatched(meta, size)) ? size : null;
    }

    private static boolean isBatched(TensorMeta meta, JsonNode size) {
        List<JsonNode> sizes = meta.sizes();
        if (sizes.isEmpty() || !isEqual(sizes.get(0), size)) {
            return false;
        }
        if (fixed(size) > 0) {
            return true;
        }
        SizeExpression.Linear batch = linear(size);
        return batch != null
                && batch.multiple() == 1
                && batch.offset() == 0
                && sizes.stream().skip(1).allMatch(other -> fixed(other) >= 0 || isWithout(other, batch.symbol()));
    }

    private static boolean isWithout(JsonNode size, String symbol) {
        String expression = Tagged.of(size).text("expr_str");
        return !expression.matches(".*\\b" + symbol + "\\b.*");
    }

    private static boolean isEqual(JsonNode size, JsonNode other) {
        return fixed(size) >= 0
                ? fixed(size) == fixed(other)
                : fixed(other) < 0 && Objects.equals(linear(size), linear(other)) && linear(size) != null;
    }

    private static SizeExpression.@Nullable Linear linear(JsonNode size) {
        return SizeExpression.parse(Tagged.of(size).text("expr_str")).linear();
    }

    /** The size of a fixed axis; -1 for a free one. */
    static long fixed(JsonNode size) {
        Tagged tagged = Tagged.of(size);
        return tagged.tag().equals("as_int") ? tagged.value().asLong(0) : -1;
    }
}
