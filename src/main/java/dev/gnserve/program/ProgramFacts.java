package dev.gnserve.program;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a program says about itself. The TorchScript archive that it becomes keeps it in a further file. Immutable.
 *
 * @param torchVersion version of PyTorch that exported it
 * @param schemaVersion version of the program's format: {@code 8.20}
 * @param inputs the tensors that it takes, in the order of {@code forward}
 * @param outputs the tensors that it gives
 * @param batched whether the first axis of every input and output is the batch; null in an archive of an older gnserve
 */
public record ProgramFacts(
        String torchVersion,
        String schemaVersion,
        List<Tensor> inputs,
        List<Tensor> outputs,
        @Nullable Boolean batched) {

    /** Name of the file in the archive; {@code _extra_files} of Python. */
    static final String FILE = "gnserve_program.json";

    private static final JsonMapper MAPPER = JsonMapper.shared();

    public ProgramFacts {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /**
     * An input or output.
     *
     * @param name of the argument or result
     * @param type in PyTorch's words: {@code float32}
     */
    public record Tensor(String name, String type, List<Axis> axes) {

        public Tensor {
            axes = List.copyOf(axes);
        }

        /** As {@code image float32 [s0 (1 to 16), 3, 4*s1 (16 to 512), 64]}. */
        @Override
        public String toString() {
            return name + " " + type + axes.stream().map(Axis::toString).collect(Collectors.joining(", ", " [", "]"));
        }
    }

    /**
     * An axis. One without an expression has only one size.
     *
     * @param size the size; for a free axis, that of the example with which the program was exported
     * @param expression the size by symbols, as {@code 4*s0}; null if it is fixed
     * @param symbol the only symbol of the expression if the size is {@code multiple * symbol + offset}; else null
     * @param smallest allowed size, or null
     * @param largest allowed size, or null
     */
    public record Axis(
            long size,
            @Nullable String expression,
            @Nullable String symbol,
            long multiple,
            long offset,
            @Nullable Long smallest,
            @Nullable Long largest) {

        static Axis fixed(long size) {
            return new Axis(size, null, null, 1, 0, null, null);
        }

        @JsonIgnore
        public boolean isFixed() {
            return expression == null;
        }

        /** Which sizes are allowed: {@code multiples of 4 from 16 to 512}. */
        public String allowed() {
            if (expression == null) {
                return Long.toString(size);
            } else if (symbol == null) {
                return expression;
            }
            String step = multiple == 1 ? "" : offset == 0 ? "multiples of " + multiple : expression;
            return (step + range(step.isEmpty() ? "" : " ")).strip();
        }

        private String range(String before) {
            if (smallest == null && largest == null) {
                return before.isEmpty() ? "any size" : "";
            }
            return before
                    + (smallest == null ? "" : "from " + smallest)
                    + (largest == null ? (smallest == null ? "" : " on") : " to " + largest);
        }

        @Override
        public String toString() {
            return expression == null ? Long.toString(size) : expression + " (" + allowed() + ")";
        }
    }

    /** What the program says from which an archive was made; null if it was made from none. */
    public static @Nullable ProgramFacts of(TorchScriptArchive archive) {
        String json = archive.extra(FILE);
        if (json == null) {
            return null;
        }
        try {
            return MAPPER.readValue(json, ProgramFacts.class);
        } catch (JacksonException e) {
            throw new TorchScriptException("the archive's entry extra/" + FILE + " is damaged", e);
        }
    }

    String json() {
        return MAPPER.writeValueAsString(this);
    }
}
