package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Parameter;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates expressions of the code as far as the archive fixes their value: literals, attributes of modules, constants, local
 * variables that are assigned once, and arguments of free functions. Not thread-safe.
 */
final class Evaluator {

    /** A value that the archive does not fix. */
    static final Object UNKNOWN = new Object() {
        @Override
        public String toString() {
            return "unknown";
        }
    };

    private static final int MAX_STEPS = 5_000_000;
    private static final int MAX_DEPTH = 60;

    /**
     * A function with the values of its parameters.
     *
     * @param bound values by name of the parameter; the first parameter of a method is its module
     */
    record Frame(Function function, Map<String, @Nullable Object> bound) {}

    private final TorchScriptArchive archive;
    private int steps;

    Evaluator(TorchScriptArchive archive) {
        this.archive = archive;
    }

    /** The frame of a method of a module. Its other arguments are unknown. */
    static Frame method(Function function, PickledObject self) {
        Map<String, @Nullable Object> bound = new HashMap<>();
        for (int i = 0; i < function.parameters.size(); i++) {
            bound.put(function.parameters.get(i).name(), i == 0 ? self : UNKNOWN);
        }
        return new Frame(function, bound);
    }

    /** The frame of a free function that another frame calls. */
    Frame called(Function function, Frame caller, int open) {
        List<String> names = function.parameters.stream().map(Parameter::name).toList();
        Map<String, @Nullable Object> bound = arguments(names, caller, open);
        Frame frame = new Frame(function, bound);
        for (Parameter parameter : function.parameters) {
            Span value = parameter.defaultValue();
            if (!bound.containsKey(parameter.name())) {
                bound.put(parameter.name(), value == null ? UNKNOWN : value(value, frame, 0));
            }
        }
        return frame;
    }

    /** The values of a call's arguments, by name of the parameter, without omitted ones. */
    Map<String, @Nullable Object> arguments(List<String> parameters, Frame frame, int open) {
        SourceFile file = frame.function().file;
        Map<String, @Nullable Object> values = new HashMap<>();
        int position = 0;
        for (Span argument : file.arguments(open)) {
            boolean named = argument.to() - argument.from() > 2
                    && file.kind(argument.from()) == Kind.NAME
                    && file.isSign(argument.from() + 1, '=');
            if (named) {
                values.put(file.token(argument.from()), value(new Span(argument.from() + 2, argument.to()), frame, 0));
            } else if (position < parameters.size()) {
                values.put(parameters.get(position++), value(argument, frame, 0));
            }
        }
        return values;
    }

    /** The value of an expression outside of functions. */
    @Nullable
    Object constant(SourceFile file, Span span) {
        if (span.single() && file.kind(span.from()) != Kind.NAME) {
            return literal(file, span.from());
        }
        return switch (file.text(span)) {
            case "True" -> true;
            case "False" -> false;
            default -> UNKNOWN;
        };
    }

    /** The value of an expression within a function. */
    @Nullable
    Object value(Span span, Frame frame) {
        return value(span, frame, 0);
    }

    /** The value of a name without dots within a function. */
    @Nullable
    Object named(String name, Frame frame) {
        return nameValue(name, frame, 0);
    }

    private @Nullable Object value(Span span, Frame frame, int depth) {
        if (++steps > MAX_STEPS) {
            throw new TorchScriptException("the archive's code is too complex to follow its values");
        }
        if (depth > MAX_DEPTH || span.from() >= span.to()) {
            return UNKNOWN;
        }
        SourceFile file = frame.function().file;
        int first = span.from();
        if (span.single()) {
            return file.kind(first) == Kind.NAME ? nameValue(file.token(first), frame, depth) : literal(file, first);
        }
        int last = span.to() - 1;
        if (file.kind(last) == Kind.NAME && file.token(last).startsWith(".")) {
            Object value = value(new Span(first, last), frame, depth + 1);
            for (String name : file.token(last).substring(1).split("\\.", -1)) {
                value = attributeOf(value, name);
            }
            return value;
        }
        boolean bracketed = file.isSign(first, '(') || file.isSign(first, '[');
        if (bracketed && file.closing(first) == span.to() - 1) {
            List<Span> items = file.arguments(first);
            if (file.isSign(first, '(') && items.size() == 1 && !file.isSign(span.to() - 2, ',')) {
                return value(items.get(0), frame, depth + 1);
            }
            List<@Nullable Object> values = new ArrayList<>();
            for (Span item : items) {
                values.add(value(item, frame, depth + 1));
            }
            return values;
        }
        if (file.isSign(first, '-') && span.to() == first + 2) {
            Object positive = literal(file, first + 1);
            if (positive instanceof Long number) {
                return -number;
            }
            return positive instanceof Double number ? -number : UNKNOWN;
        }
        boolean call = file.kind(first) == Kind.NAME
                && file.isSign(first + 1, '(')
                && file.closing(first + 1) == span.to() - 1;
        return call ? callValue(file.token(first), file.arguments(first + 1), frame, depth) : UNKNOWN;
    }

    private @Nullable Object callValue(String function, List<Span> arguments, Frame frame, int depth) {
        if (arguments.size() != 2) {
            return UNKNOWN;
        }
        return switch (function) {
            case "annotate", "unchecked_cast" -> value(arguments.get(1), frame, depth + 1);
            case "getattr" ->
                value(arguments.get(1), frame, depth + 1) instanceof String name
                        ? attributeOf(value(arguments.get(0), frame, depth + 1), name)
                        : UNKNOWN;
            default -> UNKNOWN;
        };
    }

    private @Nullable Object nameValue(String name, Frame frame, int depth) {
        switch (name) {
            case "None" -> {
                return null;
            }
            case "True" -> {
                return true;
            }
            case "False" -> {
                return false;
            }
            default -> {
                // A local name, or a path that begins with one.
            }
        }
        String[] path = name.split("\\.", -1);
        if (path[0].equals("CONSTANTS") && path.length == 2 && path[1].matches("c\\d{1,6}")) {
            Object constant = archive.constant(Integer.parseInt(path[1].substring(1)));
            return constant == null ? UNKNOWN : constant;
        }
        Object value;
        if (frame.bound().containsKey(path[0])) {
            value = frame.bound().get(path[0]);
        } else {
            Span assigned = frame.function().assigned(path[0]);
            value = assigned == null ? UNKNOWN : value(assigned, frame, depth + 1);
        }
        for (int i = 1; i < path.length; i++) {
            value = attributeOf(value, path[i]);
        }
        return value;
    }

    /** The attribute of a module. */
    static @Nullable Object attributeOf(@Nullable Object value, String name) {
        return value instanceof PickledObject object && object.has(name) ? object.get(name) : UNKNOWN;
    }

    private static Object literal(SourceFile file, int token) {
        String text = file.token(token);
        if (file.kind(token) == Kind.STRING) {
            return text.substring(1, text.length() - 1);
        }
        if (file.kind(token) != Kind.NUMBER) {
            return UNKNOWN;
        }
        try {
            if (text.chars().allMatch(Character::isDigit)) {
                return Long.parseLong(text);
            }
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            return UNKNOWN;
        }
    }
}
