package dev.gnserve.archive;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One file of TorchScript source as libtorch prints it: tokens with positions, classes, functions and calls. Not changed after
 * construction.
 *
 * <p>This is not a compiler. It finds every call with its arguments and the function that contains it, so that calls can be
 * listed and replaced by position.
 */
final class SourceFile {

    enum Kind {
        /** An identifier or a dotted name: {@code torch.group_norm}; begins with a dot after a closing bracket. */
        NAME,
        NUMBER,
        STRING,
        /** One character of punctuation. */
        SIGN,
        /** The end of a logical line. */
        END
    }

    /** Tokens {@code from} (inclusive) to {@code to} (exclusive). */
    record Span(int from, int to) {
        boolean single() {
            return to == from + 1;
        }
    }

    /**
     * @param type as written, or Tensor when nothing is written
     */
    record Parameter(String name, String type, @Nullable Span defaultValue) {}

    /**
     * @param callee token of the function's name
     * @param open token of the opening bracket
     */
    record Call(int callee, int open) {}

    /** A function or method. */
    static final class Function {
        final SourceFile file;
        final String name;
        final @Nullable ClassType owner;
        final List<Parameter> parameters;

        /** Text position after the opening bracket of the parameters. */
        final int parametersAt;

        /** Result type as written, or Tensor when nothing is written. */
        final String resultType;

        final Span body;
        final int textFrom;
        final int textTo;

        private final Map<String, @Nullable Span> assignments = new LinkedHashMap<>();
        private final List<Call> calls = new ArrayList<>();

        private Function(
                SourceFile file,
                String name,
                @Nullable ClassType owner,
                List<Parameter> parameters,
                int parametersAt,
                String resultType,
                Span body,
                int textFrom,
                int textTo) {
            this.file = file;
            this.name = name;
            this.owner = owner;
            this.parameters = parameters;
            this.parametersAt = parametersAt;
            this.resultType = resultType;
            this.body = body;
            this.textFrom = textFrom;
            this.textTo = textTo;
        }

        /** The name by which other files call a free function. */
        String qualifiedName() {
            return file.qualifier + "." + name;
        }

        /** The value assigned to a local name; null unless it is assigned exactly once. */
        @Nullable
        Span assigned(String local) {
            return assignments.get(local);
        }

        /** The calls in this function and in the functions nested in it, in the order of the text. */
        List<Call> calls() {
            return calls;
        }
    }

    /** A class: its attributes, constants and methods. */
    static final class ClassType {
        final String qualifiedName;
        final SourceFile file;
        final String base;
        final Map<String, Span> constants = new LinkedHashMap<>();

        /** The types of attributes as written. */
        final Map<String, String> attributeTypes = new HashMap<>();

        final List<Function> methods = new ArrayList<>();

        /** Text position at which attributes can be added. */
        int attributesAt;

        /** Text position at which methods can be added. */
        int end;

        private ClassType(SourceFile file, String qualifiedName, String base) {
            this.file = file;
            this.qualifiedName = qualifiedName;
            this.base = base;
        }

        boolean isModule() {
            return base.equals("Module");
        }
    }

    private record Line(int indent, int from, int to, int textFrom) {}

    final String entry;
    final String qualifier;
    final String text;
    final List<ClassType> classes = new ArrayList<>();
    final List<Function> functions = new ArrayList<>();

    private Kind[] kinds = new Kind[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int count;

    /** For an opening bracket, the token of its closing bracket. */
    private int[] matches = new int[256];

    private final List<Line> lines = new ArrayList<>();

    /**
     * @param entry name of the archive's entry: {@code code/__torch__/torch/nn/functional.py}
     * @param text its content
     */
    SourceFile(String entry, String text) {
        this.entry = entry;
        this.qualifier = entry.substring("code/".length(), entry.length() - ".py".length())
                .replace('/', '.');
        this.text = text;
        lex();
        declarations();
    }

    String token(int index) {
        return text.substring(starts[index], ends[index]);
    }

    Kind kind(int index) {
        return kinds[index];
    }

    int start(int index) {
        return starts[index];
    }

    int end(int index) {
        return ends[index];
    }

    boolean isSign(int index, char sign) {
        return index >= 0 && index < count && kinds[index] == Kind.SIGN && text.charAt(starts[index]) == sign;
    }

    /** How many tokens there are. */
    int size() {
        return count;
    }

    /** The line that a token begins in, from 1 on. */
    int lineNumber(int token) {
        return 1
                + (int) text.substring(0, starts[token])
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    /** Whether a token goes on with the name before it: {@code .save}, or {@code save} after a dot between spaces. */
    boolean isPartOfName(int token) {
        int before = token - 1;
        while (before >= 0 && (isSign(before, '\\') || kinds[before] == Kind.END)) {
            before--;
        }
        return text.charAt(starts[token]) == '.' || isSign(before, '.');
    }

    /** The parts between the dots of the name that begins at a token, also where spaces or line ends stand between them. */
    List<String> wholeName(int token) {
        StringBuilder name = new StringBuilder(token(token));
        for (int next = token + 1; next < count; next++) {
            boolean dot = isSign(next, '.');
            boolean part = kinds[next] == Kind.NAME && isPartOfName(next);
            if (dot || part) {
                name.append(token(next));
            } else if (!isSign(next, '\\') && kinds[next] != Kind.END) {
                break;
            }
        }
        return List.of(name.toString().split("\\."));
    }

    /** Whether a name stands where it declares an attribute, a parameter or an argument, and is no value. */
    boolean declares(int token) {
        boolean first = token == 0 || kinds[token - 1] == Kind.END;
        boolean argument = isSign(token - 1, '(') || isSign(token - 1, ',');
        return (first || argument) && (isSign(token + 1, ':') || isSign(token + 1, '='));
    }

    /** Whether a call of {@code getattr} names, in a plain text, an attribute that is none of these. */
    boolean getsPlainAttribute(int token, Set<String> others) {
        List<Span> given = isSign(token + 1, '(') ? arguments(token + 1) : List.of();
        if (given.size() < 2 || !given.get(1).single() || kinds[given.get(1).from()] != Kind.STRING) {
            return false;
        }
        String attribute = token(given.get(1).from());
        return attribute.indexOf('\\') < 0 && !others.contains(attribute.substring(1, attribute.length() - 1));
    }

    /** Whether a word stands in the code by itself. */
    boolean hasWord(String word) {
        for (int token = 0; token < count; token++) {
            if (kinds[token] == Kind.NAME && token(token).equals(word)) {
                return true;
            }
        }
        return false;
    }

    /** The closing bracket of an opening one. */
    int closing(int open) {
        return matches[open];
    }

    /** The text of a span. */
    String text(Span span) {
        return span.from() >= span.to() ? "" : text.substring(starts[span.from()], ends[span.to() - 1]);
    }

    /** The arguments within a bracket, without empty ones. */
    List<Span> arguments(int open) {
        List<Span> arguments = new ArrayList<>();
        int close = matches[open];
        int from = open + 1;
        for (int i = open + 1; i <= close; i++) {
            if (i == close || isSign(i, ',')) {
                if (i > from) {
                    arguments.add(new Span(from, i));
                }
                from = i + 1;
            } else if (isOpening(i)) {
                i = matches[i];
            }
        }
        return arguments;
    }

    /** The logical line that contains a token. */
    Span line(int token) {
        int from = token;
        while (from > 0 && kinds[from - 1] != Kind.END) {
            from--;
        }
        int to = token;
        while (to < count && kinds[to] != Kind.END) {
            to++;
        }
        return new Span(from, to);
    }

    private boolean isOpening(int index) {
        return isSign(index, '(') || isSign(index, '[') || isSign(index, '{');
    }

    private void lex() {
        int at = 0;
        int depth = 0;
        int[] open = new int[64];
        boolean lineStart = true;
        int indent = 0;
        int lineFrom = 0;
        int lineText = 0;
        int length = text.length();
        while (at < length) {
            char c = text.charAt(at);
            if (c == '\n') {
                at++;
                if (depth == 0) {
                    if (count > lineFrom) {
                        lines.add(new Line(indent, lineFrom, count, lineText));
                        add(Kind.END, at - 1, at);
                    }
                    lineFrom = count;
                    lineText = at;
                    lineStart = true;
                    indent = 0;
                }
            } else if (c == ' ' || c == '\t' || c == '\r') {
                at++;
                if (lineStart) {
                    indent++;
                }
            } else if (c == '#') {
                while (at < length && text.charAt(at) != '\n') {
                    at++;
                }
            } else {
                lineStart = false;
                int from = at;
                if (c == '"' || c == '\'') {
                    at++;
                    while (at < length && text.charAt(at) != c && text.charAt(at) != '\n') {
                        at += text.charAt(at) == '\\' ? 2 : 1;
                    }
                    if (at >= length || text.charAt(at) != c) {
                        throw notSource(from, "a string is not closed");
                    }
                    at++;
                    add(Kind.STRING, from, at);
                } else if (Character.isDigit(c)) {
                    while (at < length && isNumberPart(at)) {
                        at++;
                    }
                    add(Kind.NUMBER, from, at);
                } else if (isNameStart(c) || (c == '.' && at + 1 < length && isNameStart(text.charAt(at + 1)))) {
                    at++;
                    while (at < length && isNamePart(at)) {
                        at++;
                    }
                    add(Kind.NAME, from, at);
                } else {
                    at++;
                    add(Kind.SIGN, from, at);
                    if (c == '(' || c == '[' || c == '{') {
                        if (depth == open.length) {
                            open = Arrays.copyOf(open, 2 * depth);
                        }
                        open[depth++] = count - 1;
                    } else if (c == ')' || c == ']' || c == '}') {
                        if (depth == 0) {
                            throw notSource(from, "a bracket is closed that was not opened");
                        }
                        matches[open[--depth]] = count - 1;
                    }
                }
            }
        }
        if (depth > 0) {
            throw notSource(starts[open[depth - 1]], "a bracket is not closed");
        }
        if (count > lineFrom) {
            lines.add(new Line(indent, lineFrom, count, lineText));
            add(Kind.END, length, length);
        }
    }

    private boolean isNumberPart(int at) {
        char c = text.charAt(at);
        return Character.isLetterOrDigit(c)
                || c == '.'
                || ((c == '-' || c == '+') && (text.charAt(at - 1) == 'e' || text.charAt(at - 1) == 'E'));
    }

    private static boolean isNameStart(char c) {
        return Character.isLetter(c) || c == '_';
    }

    private boolean isNamePart(int at) {
        char c = text.charAt(at);
        return Character.isLetterOrDigit(c)
                || c == '_'
                || (c == '.' && at + 1 < text.length() && isNameStart(text.charAt(at + 1)));
    }

    private void add(Kind kind, int start, int end) {
        if (count == kinds.length) {
            int larger = 2 * count;
            kinds = Arrays.copyOf(kinds, larger);
            starts = Arrays.copyOf(starts, larger);
            ends = Arrays.copyOf(ends, larger);
            matches = Arrays.copyOf(matches, larger);
        }
        kinds[count] = kind;
        starts[count] = start;
        ends[count] = end;
        count++;
    }

    private void declarations() {
        ClassType current = null;
        for (int i = 0; i < lines.size(); i++) {
            Line line = lines.get(i);
            String first = token(line.from());
            if (line.indent() == 0) {
                if (current != null) {
                    current.end = line.textFrom();
                }
                current = first.equals("class") ? classAt(line) : null;
            }
            if (first.equals("def")) {
                int end = i + 1;
                while (end < lines.size() && lines.get(end).indent() > line.indent()) {
                    end++;
                }
                Function function = function(i, end, current);
                if (current != null) {
                    current.methods.add(function);
                } else {
                    functions.add(function);
                }
                i = end - 1;
            } else if (current != null && line.indent() > 0) {
                attribute(current, line, i);
            }
        }
        if (current != null) {
            current.end = text.length();
        }
    }

    private ClassType classAt(Line line) {
        int name = line.from() + 1;
        if (line.to() <= name || kinds[name] != Kind.NAME) {
            throw notSource(line.textFrom(), "a class has no name");
        }
        List<Span> bases = isSign(name + 1, '(') ? arguments(name + 1) : List.of();
        ClassType type = new ClassType(this, qualifier + "." + token(name), bases.isEmpty() ? "" : text(bases.get(0)));
        type.attributesAt = lineEnd(line);
        classes.add(type);
        return type;
    }

    /**
     * Records {@code name : Type}, {@code __annotations__["0"] = Type} and {@code name : Final[int] = 8}. New attributes go behind the
     * lists that must come first.
     */
    private void attribute(ClassType type, Line line, int index) {
        int from = line.from();
        String name = token(from);
        if (isSign(from + 1, ':')) {
            type.attributeTypes.put(name, text(new Span(from + 2, line.to())));
        } else if (name.equals("__annotations__") && line.to() > from + 5 && kinds[from + 2] == Kind.STRING) {
            String key = token(from + 2);
            type.attributeTypes.put(key.substring(1, key.length() - 1), text(new Span(from + 5, line.to())));
        }
        if (name.equals("__parameters__") || name.equals("__buffers__")) {
            type.attributesAt = lineEnd(lines.get(index));
            return;
        }
        for (int i = line.from(); i < line.to(); i++) {
            if (isSign(i, '=') && i + 1 < line.to()) {
                type.constants.put(name, new Span(i + 1, line.to()));
                return;
            } else if (isOpening(i)) {
                i = matches[i];
            }
        }
    }

    private int lineEnd(Line line) {
        int end = text.indexOf('\n', ends[line.to() - 1]);
        return end < 0 ? text.length() : end + 1;
    }

    private Function function(int first, int end, @Nullable ClassType owner) {
        Line header = lines.get(first);
        int name = header.from() + 1;
        int open = name + 1;
        if (header.to() <= open || kinds[name] != Kind.NAME || !isSign(open, '(')) {
            throw notSource(header.textFrom(), "a function has no name or no parameters");
        }
        List<Parameter> parameters = new ArrayList<>();
        for (Span argument : arguments(open)) {
            Span value = null;
            int typeTo = argument.to();
            for (int i = argument.from(); i < argument.to(); i++) {
                if (isSign(i, '=')) {
                    value = new Span(i + 1, argument.to());
                    typeTo = i;
                    break;
                } else if (isOpening(i)) {
                    i = matches[i];
                }
            }
            boolean typed = isSign(argument.from() + 1, ':') && argument.from() + 2 < typeTo;
            String type = typed ? text(new Span(argument.from() + 2, typeTo)) : "Tensor";
            parameters.add(new Parameter(token(argument.from()), type, value));
        }
        int close = matches[open];
        String resultType = "Tensor";
        if (isSign(close + 1, '-') && isSign(close + 2, '>') && close + 3 < header.to() - 1) {
            resultType = text(new Span(close + 3, header.to() - 1));
        }
        int bodyTo = lines.get(end - 1).to();
        int textTo = end < lines.size() ? lines.get(end).textFrom() : text.length();
        Function function = new Function(
                this,
                token(name),
                owner,
                List.copyOf(parameters),
                ends[open],
                resultType,
                new Span(header.to(), bodyTo),
                header.textFrom(),
                textTo);
        body(function, first + 1, end);
        return function;
    }

    private void body(Function function, int first, int end) {
        for (int l = first; l < end; l++) {
            Line line = lines.get(l);
            assignment(function, line);
            for (int i = line.from(); i < line.to() - 1; i++) {
                if (kinds[i] == Kind.NAME && isSign(i + 1, '(')) {
                    function.calls.add(new Call(i, i + 1));
                }
            }
        }
    }

    /** Records {@code name = value} and {@code name : Type = value}. After a second assignment the value is unknown. */
    private void assignment(Function function, Line line) {
        int equals = -1;
        for (int i = line.from(); i < line.to() && equals < 0; i++) {
            if (isSign(i, '=')) {
                equals = i;
            } else if (isOpening(i)) {
                i = matches[i];
            }
        }
        if (equals <= line.from()) {
            return;
        }
        boolean one = equals == line.from() + 1 || isSign(line.from() + 1, ':');
        for (int i = line.from(); i < equals; i++) {
            if (kinds[i] == Kind.NAME && (i == line.from() || isSign(i - 1, ','))) {
                boolean first = !function.assignments.containsKey(token(i));
                function.assignments.put(token(i), one && first ? new Span(equals + 1, line.to()) : null);
            }
        }
    }

    private TorchScriptException notSource(int position, String how) {
        long line = text.substring(0, position).chars().filter(c -> c == '\n').count() + 1;
        return new TorchScriptException(
                entry + " is not TorchScript source: " + how + " (line " + line + "). The archive is damaged");
    }
}
