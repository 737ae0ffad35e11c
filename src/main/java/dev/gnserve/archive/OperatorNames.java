package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The operators that one file of code names, as far as they matter before the code runs.
 *
 * <p>PyTorch writes an operator in full: {@code torch.save} is {@code aten::save}, {@code ops.aten.save} is the same one. The compiler of
 * libtorch takes other spellings, too: {@code t = torch}, {@code getattr(torch, "save")}, a dot between spaces. They hide an operator
 * from a reader, PyTorch never writes them, and so they count as operators that read or write files.
 */
final class OperatorNames {

    /**
     * Operators of the namespace {@code aten} in libtorch 2.7.1 that open a file of which the code gives the name. Found in the list of
     * all operator schemas of libtorch_cpu.so, with the functions of the C library that libtorch calls.
     */
    private static final Set<String> FILE_OPERATORS = Set.of("save", "from_file");

    /** Namespaces of operators and classes that reach other processes, shared memory, or libraries of the system. */
    private static final Set<String> NAMESPACES = Set.of(
            "c10d",
            "_c10d_functional",
            "_c10d_functional_autograd",
            "_dtensor",
            "symm_mem",
            "dist_rpc",
            "rpc",
            "_nnapi",
            "__backends__");

    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d*)?([eE][+-]?\\d+)?j?");

    private final SourceFile source;
    private final List<FileOperator> found = new ArrayList<>();

    private OperatorNames(SourceFile source) {
        this.source = source;
        for (int token = 0; token < source.size(); token++) {
            Kind kind = source.kind(token);
            if (kind == Kind.NAME) {
                name(token);
            } else if (kind == Kind.NUMBER
                    && !NUMBER.matcher(source.token(token)).matches()) {
                report("a number that is none", token);
            } else if (kind == Kind.STRING
                    && token > 0
                    && source.kind(token - 1) == Kind.STRING
                    && source.end(token - 1) == source.start(token)) {
                report("a text in three quotes", token);
            }
        }
    }

    static OperatorNames of(SourceFile source) {
        return new OperatorNames(source);
    }

    List<FileOperator> fileOperators() {
        return found;
    }

    private void name(int token) {
        if (source.isPartOfName(token)) {
            return; // Looked at with the name that it belongs to.
        }
        List<String> parts = source.wholeName(token);
        switch (parts.get(0)) {
            case "torch" -> operator(token, "aten", afterAutograd(parts));
            case "ops" -> operator(token, parts.size() > 1 ? parts.get(1) : "", parts.size() > 2 ? parts.get(2) : "");
            case "getattr" -> {
                if (!source.getsPlainAttribute(token, FILE_OPERATORS)) {
                    report("getattr of an operator", token);
                }
            }
            default -> {
                int classes = parts.indexOf("classes");
                if (classes > 0 && classes + 1 < parts.size() && NAMESPACES.contains(parts.get(classes + 1))) {
                    report(String.join(".", parts.subList(classes - 1, parts.size())), token);
                }
            }
        }
    }

    /** In libtorch, {@code torch.autograd} is {@code torch}. */
    private static String afterAutograd(List<String> parts) {
        return parts.stream()
                .skip(1)
                .filter(part -> !part.equals("autograd"))
                .findFirst()
                .orElse("");
    }

    private void operator(int token, String namespace, String name) {
        if (name.isEmpty()) {
            if (!source.declares(token)) {
                report(source.token(token) + " by another name", token);
            }
        } else if (NAMESPACES.contains(namespace) || (namespace.equals("aten") && FILE_OPERATORS.contains(name))) {
            report(namespace + "::" + name, token);
        }
    }

    private void report(String operator, int token) {
        found.add(new FileOperator(operator, source.entry, source.lineNumber(token)));
    }
}
