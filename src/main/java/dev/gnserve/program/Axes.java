package dev.gnserve.program;

import dev.gnserve.archive.ScriptWords;
import dev.gnserve.program.ProgramFacts.Axis;
import dev.gnserve.program.ProgramJson.Range;
import dev.gnserve.program.ProgramJson.Tagged;
import dev.gnserve.program.ProgramJson.TensorMeta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The sizes of a program's tensors, and the checks of its inputs. Like PyTorch, a program runs with sizes 0 and 1 where its range
 * begins at 2 ({@code torch/_export/utils.py}).
 */
final class Axes {

    private static final double NO_BOUND = 0x1p62;

    private final Map<String, Range> ranges;

    /** @param ranges of symbols, by name */
    Axes(Map<String, Range> ranges) {
        this.ranges = ranges;
    }

    List<Axis> of(TensorMeta tensor) {
        return tensor.sizes().stream().map(this::axis).toList();
    }

    private Axis axis(JsonNode size) {
        Tagged tagged = Tagged.of(size);
        if (tagged.tag().equals("as_int")) {
            return Axis.fixed(tagged.value().asLong(0));
        }
        SizeExpression expression = SizeExpression.parse(tagged.text("expr_str"));
        SizeExpression.Linear linear = expression.linear();
        JsonNode hint = tagged.value().get("hint");
        JsonNode example = hint == null || !hint.isObject() ? null : hint.get("as_int");
        if (linear == null) {
            return new Axis(example == null ? 0 : example.asLong(0), expression.text(), null, 1, 0, null, null);
        }
        Range range = ranges.getOrDefault(linear.symbol(), new Range(null, null));
        Long smallest = bound(range.minVal(), linear);
        Long largest = bound(range.maxVal(), linear);
        if (range.minVal() != null && range.minVal() <= 2) {
            smallest = linear.multiple() == 1 && linear.offset() == 0 ? 1 : linear.multiple() + linear.offset();
        }
        long usual = example != null ? example.asLong(0) : smallest == null ? 1 : smallest;
        return new Axis(
                usual, expression.text(), linear.symbol(), linear.multiple(), linear.offset(), smallest, largest);
    }

    private static @Nullable Long bound(@Nullable Double bound, SizeExpression.Linear linear) {
        return bound == null || !(Math.abs(bound) < NO_BOUND)
                ? null
                : (Long) (bound.longValue() * linear.multiple() + linear.offset());
    }

    /** Lines that raise an error if inputs have other numbers of axes than the program takes. */
    static void requireRanks(List<Input> inputs, GraphText into) {
        for (Input input : inputs) {
            int rank = input.meta().sizes().size();
            String given = "torch.dim(" + input.variable() + ")";
            into.require(
                    "torch.eq(" + given + ", " + rank + ")",
                    format(input.name() + " has {} axes, allowed are " + rank, given));
        }
    }

    /** Lines that raise an error if the sizes of inputs are not those that the program allows. */
    void require(List<Input> inputs, LocalNames names, GraphText into) {
        Map<String, String> symbols = new HashMap<>();
        Map<String, String> origins = new HashMap<>();
        List<Runnable> dependent = new ArrayList<>();
        for (Input input : inputs) {
            List<JsonNode> sizes = input.meta().sizes();
            List<Axis> axes = of(input.meta());
            for (int i = 0; i < axes.size(); i++) {
                Axis axis = axes.get(i);
                String size = names.fresh("size");
                into.line(size + " = torch.size(" + input.variable() + ", " + i + ")");
                String name = "axis " + i + " of " + input.name();
                if (axis.isFixed()) {
                    into.require(
                            "torch.eq(" + size + ", " + axis.size() + ")",
                            format(name + " is {}, allowed is " + axis.size(), size));
                } else if (axis.symbol() != null && !symbols.containsKey(axis.symbol())) {
                    requireRange(axis, name, size, into);
                    String symbol = names.fresh(axis.symbol());
                    String free = axis.offset() == 0 ? size : "torch.sub(" + size + ", " + axis.offset() + ")";
                    into.line(symbol + " = "
                            + (axis.multiple() == 1 ? free : "torch.floordiv(" + free + ", " + axis.multiple() + ")"));
                    symbols.put(axis.symbol(), symbol);
                    origins.put(axis.symbol(), name);
                } else {
                    SizeExpression expression =
                            SizeExpression.parse(Tagged.of(sizes.get(i)).text("expr_str"));
                    dependent.add(() -> {
                        String expected = expression.script(symbols);
                        if (expected != null) {
                            String why =
                                    axis.symbol() == null ? "" : " (it goes with " + origins.get(axis.symbol()) + ")";
                            into.require(
                                    "torch.eq(" + size + ", " + expected + ")",
                                    format(name + " is {}, allowed is {}" + why, size, expected));
                        }
                    });
                }
            }
        }
        dependent.forEach(Runnable::run);
    }

    /** @param name of the argument, for messages */
    record Input(String name, String variable, TensorMeta meta) {}

    private static void requireRange(Axis axis, String name, String size, GraphText into) {
        List<String> conditions = new ArrayList<>();
        if (axis.smallest() != null && axis.smallest() > 2) {
            conditions.add("torch.ge(" + size + ", " + axis.smallest() + ")");
        }
        if (axis.largest() != null) {
            conditions.add("torch.le(" + size + ", " + axis.largest() + ")");
        }
        if (axis.multiple() > 1) {
            String free = axis.offset() == 0 ? size : "torch.sub(" + size + ", " + axis.offset() + ")";
            conditions.add("torch.eq(torch.remainder(" + free + ", " + axis.multiple() + "), 0)");
        }
        for (String condition : conditions) {
            into.require(condition, format(name + " is {}, allowed: " + axis.allowed(), size));
        }
    }

    static String format(String message, String... values) {
        return "torch.format(" + ScriptWords.quoted(message) + ", " + String.join(", ", values) + ")";
    }
}
