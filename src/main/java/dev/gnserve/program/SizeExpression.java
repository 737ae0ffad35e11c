package dev.gnserve.program;

import dev.gnserve.archive.TorchScriptException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A symbolic size, as SymPy's {@code srepr} writes it: {@code Mul(Integer(4), Symbol('s0', positive=True, integer=True))}.
 * Immutable.
 */
sealed interface SizeExpression {

    /** A free size. */
    record Symbol(String name) implements SizeExpression {}

    /** A fixed number. */
    record Constant(long value) implements SizeExpression {}

    /**
     * A function of sizes.
     *
     * @param function of SymPy or PyTorch: {@code Add}, {@code Mul}, {@code FloorDiv}
     */
    record Call(String function, List<SizeExpression> arguments) implements SizeExpression {
        public Call {
            arguments = List.copyOf(arguments);
        }
    }

    /** {@code multiple * symbol + offset}. */
    record Linear(String symbol, long multiple, long offset) {}

    /**
     * Reads an expression.
     *
     * @throws TorchScriptException if it is none
     */
    static SizeExpression parse(String srepr) {
        Parser parser = new Parser(srepr);
        SizeExpression expression = parser.expression(0);
        if (parser.at != srepr.length()) {
            throw parser.damaged();
        }
        return expression;
    }

    /** This expression as a multiple of one symbol plus a number; null if it is something else. */
    default @Nullable Linear linear() {
        if (this instanceof Symbol symbol) {
            return new Linear(symbol.name(), 1, 0);
        }
        if (!(this instanceof Call call) || call.arguments().isEmpty()) {
            return null;
        }
        long number = call.function().equals("Mul") ? 1 : 0;
        Linear inner = null;
        for (SizeExpression argument : call.arguments()) {
            if (argument instanceof Constant constant) {
                number = call.function().equals("Mul")
                        ? Math.multiplyExact(number, constant.value())
                        : Math.addExact(number, constant.value());
            } else {
                Linear next = inner == null ? argument.linear() : null;
                if (next == null) {
                    return null;
                }
                inner = next;
            }
        }
        if (inner == null) {
            return null;
        }
        return switch (call.function()) {
            case "Mul" ->
                number > 0 ? new Linear(inner.symbol(), inner.multiple() * number, inner.offset() * number) : null;
            case "Add" -> new Linear(inner.symbol(), inner.multiple(), inner.offset() + number);
            default -> null;
        };
    }

    /**
     * The value in TorchScript; null if a symbol or function has none.
     *
     * @param symbols variables with the values of symbols
     */
    default @Nullable String script(Map<String, String> symbols) {
        if (this instanceof Symbol symbol) {
            return symbols.get(symbol.name());
        } else if (this instanceof Constant number) {
            return Long.toString(number.value());
        }
        Call call = (Call) this;
        String operator = switch (call.function()) {
            case "Add" -> "torch.add";
            case "Mul" -> "torch.mul";
            case "FloorDiv", "CleanDiv" -> "torch.floordiv";
            case "Mod", "PythonMod" -> "torch.remainder";
            case "Max" -> "ops.prim.max";
            case "Min" -> "ops.prim.min";
            default -> null;
        };
        String text = null;
        for (SizeExpression argument : call.arguments()) {
            String next = argument.script(symbols);
            if (next == null || operator == null) {
                return null;
            }
            text = text == null ? next : operator + "(" + text + ", " + next + ")";
        }
        return text;
    }

    /** As in Python: {@code 4*s0 + 1}. */
    default String text() {
        if (this instanceof Symbol symbol) {
            return symbol.name();
        } else if (this instanceof Constant number) {
            return Long.toString(number.value());
        }
        Call call = (Call) this;
        return switch (call.function()) {
            case "Add" -> join(call, " + ", false);
            case "Mul" -> join(call, "*", true);
            case "Pow" -> join(call, "**", true);
            case "FloorDiv", "CleanDiv" -> join(call, " // ", true);
            case "Mod", "PythonMod" -> join(call, " % ", true);
            default ->
                call.function().toLowerCase(Locale.ROOT) + "("
                        + call.arguments().stream().map(SizeExpression::text).collect(Collectors.joining(", ")) + ")";
        };
    }

    private static String join(Call call, String sign, boolean binds) {
        return call.arguments().stream()
                .map(argument -> binds
                                && argument instanceof Call inner
                                && !inner.function().equals("Mul")
                        ? "(" + argument.text() + ")"
                        : argument.text())
                .collect(Collectors.joining(sign));
    }

    /** Reads {@code Name(argument, ..., key=value)}. */
    final class Parser {

        private static final int MAX_DEPTH = 100;

        private final String text;
        private int at;

        private Parser(String text) {
            this.text = text;
        }

        private SizeExpression expression(int depth) {
            String function = word();
            if (function.isEmpty() || depth > MAX_DEPTH || !take("(")) {
                throw damaged();
            }
            if (function.equals("Symbol")) {
                String name = quoted();
                while (take(", ")) {
                    word(); // An assumption: positive=True.
                    if (!take("=") || word().isEmpty()) {
                        throw damaged();
                    }
                }
                return closed(new Symbol(name));
            }
            if (function.equals("Integer")) {
                int from = at;
                boolean negative = take("-");
                String digits = word();
                if (!digits.matches("\\d{1,18}")) {
                    at = from;
                    throw damaged();
                }
                return closed(new Constant(negative ? -Long.parseLong(digits) : Long.parseLong(digits)));
            }
            List<SizeExpression> arguments = new ArrayList<>();
            while (!take(")")) {
                if (!arguments.isEmpty() && !take(", ")) {
                    throw damaged();
                }
                arguments.add(argument(depth));
            }
            return new Call(function, arguments);
        }

        /** An expression, or what a number holds: {@code Float('0.5', precision=53)}, {@code Rational(1, 2)}. */
        private SizeExpression argument(int depth) {
            if (at < text.length() && text.charAt(at) == '\'') {
                return new Symbol(quoted());
            }
            int from = at;
            boolean negative = take("-");
            String word = word();
            if (word.matches("\\d{1,18}")) {
                return new Constant(negative ? -Long.parseLong(word) : Long.parseLong(word));
            }
            if (!negative && take("=")) {
                return argument(depth);
            }
            at = from;
            return expression(depth + 1);
        }

        private SizeExpression closed(SizeExpression expression) {
            if (!take(")")) {
                throw damaged();
            }
            return expression;
        }

        private String quoted() {
            int end = take("'") ? text.indexOf('\'', at) : -1;
            if (end < 0) {
                throw damaged();
            }
            String name = text.substring(at, end);
            at = end + 1;
            return name;
        }

        private String word() {
            int from = at;
            while (at < text.length() && (Character.isLetterOrDigit(text.charAt(at)) || text.charAt(at) == '_')) {
                at++;
            }
            return text.substring(from, at);
        }

        private boolean take(String sign) {
            if (text.startsWith(sign, at)) {
                at += sign.length();
                return true;
            }
            return false;
        }

        private TorchScriptException damaged() {
            String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
            return ProgramJson.damaged("its size " + shown + " is no expression (character " + at + ")");
        }
    }
}
