package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An archive of a newer PyTorch, changed so that the engine can load it. libtorch refuses an archive that calls an operator it
 * does not have, even in a branch that never runs. Each such call is replaced by a function that computes the same, if there is
 * one in the resources, else by a function that raises an error with the reason.
 *
 * <p>The missing operators are found by loading: the engine's error names the first one
 * (docs/decisions/0004-repair-by-trying.md). Immutable and thread-safe.
 *
 * @param archive the archive with all replacements so far
 * @param replacements the replaced operators, in the order in which the engine named them
 */
public record RepairedArchive(TorchScriptArchive archive, List<Replacement> replacements) {

    /**
     * An operator that the engine does not have.
     *
     * @param operator its name: {@code aten::_upsample_lanczos2d_aa}
     * @param calls number of replaced calls
     * @param files the code files of these calls
     * @param defined whether the calls still compute the same; otherwise they raise an error
     */
    public record Replacement(String operator, int calls, List<String> files, boolean defined) {

        @Override
        public String toString() {
            return operator + " (" + calls + (calls == 1 ? " call" : " calls") + " in " + String.join(", ", files)
                    + "): " + (defined ? "computed by a function of gnserve" : "raises an error when it runs");
        }
    }

    private static final Pattern REFUSAL = Pattern.compile("Unknown builtin op: ([A-Za-z_]\\w*)::([A-Za-z_]\\w*)");

    private static final int MAX_OPERATORS = 50;

    private static final String FILE = "code/__torch__/gnserve/missing.py";
    private static final String MODULE = "__torch__.gnserve.missing.";
    private static final Pattern CALL = Pattern.compile(Pattern.quote(MODULE) + "(\\w+)");
    private static final Pattern COMMENT = Pattern.compile("(?m)^#.*\n");

    public RepairedArchive {
        replacements = List.copyOf(replacements);
    }

    /** An archive without replacements. */
    public static RepairedArchive of(TorchScriptArchive archive) {
        return new RepairedArchive(archive, List.of());
    }

    /** Whether an engine's message says that an operator is missing. */
    public static boolean canRepair(String engineMessage) {
        return REFUSAL.matcher(engineMessage).find();
    }

    /** Replaces the operator that the engine's message names; empty if it names none that can be replaced. */
    public Optional<RepairedArchive> without(String engineMessage) {
        Matcher refusal = REFUSAL.matcher(engineMessage);
        if (!refusal.find() || replacements.size() >= MAX_OPERATORS) {
            return Optional.empty();
        }
        String namespace = refusal.group(1);
        String name = refusal.group(2);
        StringBuilder text = new StringBuilder(archive.has(FILE) ? archive.code(FILE) : "");
        boolean defined = define(namespace + "_" + name, text);
        String written = namespace.equals("aten") ? "torch." + name : "ops." + namespace + "." + name;
        Map<String, String> raisers = new LinkedHashMap<>();
        Map<String, byte[]> changed = new HashMap<>();
        List<String> files = new ArrayList<>();
        int calls = 0;
        for (SourceFile source : archive.sources()) {
            Edits edits = new Edits();
            int before = calls;
            for (Function function : functions(source)) {
                for (Call call : function.calls()) {
                    if (!source.token(call.callee()).equals(written)) {
                        continue;
                    }
                    if (defined) {
                        edits.replace(
                                source.start(call.callee()),
                                source.end(call.callee()),
                                MODULE + namespace + "_" + name);
                    } else {
                        String raiser = raisers.computeIfAbsent(
                                resultType(source, function, call),
                                type -> namespace + "_" + name + "_" + replacements.size() + "_" + raisers.size());
                        edits.replace(
                                source.start(call.callee()),
                                source.end(source.closing(call.open())),
                                MODULE + raiser + "()");
                    }
                    calls++;
                }
            }
            if (calls > before) {
                files.add(source.entry);
                changed.put(source.entry, edits.apply(source.text).getBytes(StandardCharsets.UTF_8));
            }
        }
        if (calls == 0) {
            return Optional.empty();
        }
        raisers.forEach((type, raiser) -> text.append(raiser(raiser, type, namespace + "::" + name)));
        changed.put(FILE, text.toString().getBytes(StandardCharsets.UTF_8));
        List<Replacement> all = new ArrayList<>(replacements);
        all.add(new Replacement(namespace + "::" + name, calls, List.copyOf(files), defined));
        return Optional.of(new RepairedArchive(archive.with(changed), all));
    }

    /**
     * Adds the function that computes the same as an operator, and the functions that it calls. Each is a resource, whose lines of
     * comment stay behind.
     *
     * @return whether there is one
     */
    private static boolean define(String function, StringBuilder text) {
        if (text.indexOf("def " + function + "(") >= 0) {
            return true;
        }
        try (InputStream in = RepairedArchive.class.getResourceAsStream(function + ".py")) {
            if (in == null) {
                return false;
            }
            String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            text.append(COMMENT.matcher(source).replaceAll(""));
            CALL.matcher(source).results().forEach(call -> define(call.group(1), text));
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Function> functions(SourceFile source) {
        List<Function> functions = new ArrayList<>(source.functions);
        for (ClassType type : source.classes) {
            functions.addAll(type.methods);
        }
        return functions;
    }

    /** A function that raises an error. It has no arguments: their types are unknown here, and it does not need them. */
    private static String raiser(String function, String type, String operator) {
        String namespace = operator.substring(0, operator.indexOf(':'));
        String library = Set.of("aten", "prim").contains(namespace) ? "a newer PyTorch" : "the library " + namespace;
        return """
                def %s() -> %s:
                  ops.prim.RaiseException("the model calls %s, an operator of %s that this engine does not have: export the model without it")
                  return uninitialized(%s)
                """.formatted(function, type, operator, library, type);
    }

    /** The type of a call's result, by the text around it: a declared type, one tensor per assigned name, or one tensor. */
    private static String resultType(SourceFile source, Function function, Call call) {
        Span line = source.line(call.callee());
        int first = line.from();
        boolean wholeLine = source.closing(call.open()) == line.to() - 1;
        if (!wholeLine) {
            return "Tensor";
        }
        if (source.token(first).equals("return") && call.callee() == first + 1) {
            return function.resultType;
        }
        if (!source.isSign(call.callee() - 1, '=') || source.kind(first) != Kind.NAME) {
            return "Tensor";
        }
        if (source.isSign(first + 1, ':')) {
            return source.text(new Span(first + 2, call.callee() - 1));
        }
        int names = 0;
        for (int i = first; i < call.callee() - 1; i++) {
            names += source.kind(i) == Kind.NAME ? 1 : 0;
        }
        return names <= 1
                ? "Tensor"
                : "Tuple[" + String.join(", ", java.util.Collections.nCopies(names, "Tensor")) + "]";
    }
}
