package dev.gnserve.program;

import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.ScriptWords;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The modules of the exported model, rebuilt from the names of its tensors and the module stacks of its nodes. Not thread-safe.
 *
 * <p>The graph itself becomes {@code forward} of the root. Other modules hold tensors, and the calls of normalizations that they own:
 * so a report names them as the author of the model does.
 */
final class ModelTree {

    private static final int MAX_DEPTH = 100;

    /** A second call of a module: {@code head.0@1}. */
    private static final Pattern REPEATED = Pattern.compile("@\\d+$");

    private static final Pattern PATH = Pattern.compile("[^.,;\"'\\[\\]()]+(\\.[^.,;\"'\\[\\]()]+)*");

    private static final class Module {
        private final Map<String, Module> children = new LinkedHashMap<>();
        private final Map<String, State> tensors = new LinkedHashMap<>();
        private final List<ScriptMethod> methods = new ArrayList<>();
        private boolean decomposed;
    }

    /** The innermost module of a stack. */
    record Owner(String path, String type) {

        boolean isNormalization() {
            return type.endsWith("Norm") || type.matches("(Lazy)?(Batch|Instance|Sync\\w*)Norm\\dd");
        }
    }

    private final Module root = new Module();
    private final Map<String, String> types = new HashMap<>();
    private final LocalNames classNames = new LocalNames();

    /** Puts a tensor at its place. */
    void add(State state) {
        module(state.module()).tensors.putIfAbsent(attribute(state.attribute()), state);
    }

    /** The text of a tensor in a method of the root. */
    static String accessor(State state) {
        return accessor(state.name());
    }

    private static String accessor(String path) {
        String text = "self";
        for (String part : parts(path)) {
            text = member(text, part);
        }
        return text;
    }

    private static String member(String owner, String attribute) {
        return ScriptWords.isName(attribute)
                ? owner + "." + attribute
                : "getattr(" + owner + ", \"" + attribute + "\")";
    }

    /**
     * The module whose forward makes a call.
     *
     * @param stack of the node: {@code key,path,type;key,path,type}, outermost first
     * @return null if the stack names none
     */
    @Nullable
    Owner owner(String stack) {
        Owner innermost = null;
        for (String level : stack.isEmpty() ? new String[0] : stack.split(";", -1)) {
            String[] fields = level.split(",", 3);
            if (fields.length < 3) {
                return null;
            }
            String path = REPEATED.matcher(fields[1]).replaceFirst("");
            String type = fields[2].substring(fields[2].lastIndexOf('.') + 1).replaceAll("\\W", "");
            if (!path.isEmpty() && (!PATH.matcher(path).matches() || parts(path).size() > MAX_DEPTH)) {
                return null;
            }
            types.putIfAbsent(path, type);
            innermost = new Owner(path, type);
        }
        return innermost;
    }

    /** Makes a tensor an attribute of a module, too. Returns its text in methods of that module. */
    String attributeOf(String path, State state, String wanted) {
        Module module = module(path);
        for (Map.Entry<String, State> known : module.tensors.entrySet()) {
            if (known.getValue().equals(state)) {
                return member("self", known.getKey());
            }
        }
        String name = attribute(wanted);
        while (module.tensors.containsKey(name) || module.children.containsKey(name)) {
            name += "_";
        }
        module.tensors.put(name, state);
        return member("self", name);
    }

    /**
     * Adds a method to a module unless it has an equal one. Returns the text of the method in a method of the root.
     *
     * @param method makes the method for a name
     */
    String method(String path, Function<String, ScriptMethod> method) {
        Module module = module(path);
        String name = "";
        for (int i = 0; name.isEmpty(); i++) {
            // The root's forward is the graph.
            String tried = i == 0 && module != root ? "forward" : "call_" + (i + 1);
            ScriptMethod wanted = method.apply(tried);
            ScriptMethod known = module.methods.stream()
                    .filter(other -> other.name().equals(tried))
                    .findFirst()
                    .orElse(null);
            if (known == null) {
                module.methods.add(wanted);
            }
            name = known == null || known.equals(wanted) ? tried : "";
        }
        return "(" + accessor(path) + ")." + name;
    }

    /** Marks a module as a normalization that is written out as single operators. */
    void markDecomposed(String path) {
        module(path).decomposed = true;
    }

    /** The whole model. */
    ScriptModule build(ScriptMethod forward) {
        root.methods.add(0, forward);
        return build(root, "");
    }

    private ScriptModule build(Module module, String path) {
        String type = types.getOrDefault(path, path.isEmpty() ? "Model" : "Module");
        ScriptModule.Builder builder = ScriptModule.ofClass(classNames.fresh(type.isEmpty() ? "Module" : type));
        module.tensors.forEach((name, state) -> builder.tensor(name, state.tensor(), state.parameter()));
        if (module.decomposed && module.methods.isEmpty()) {
            builder.decomposed();
        }
        module.children.forEach(
                (name, child) -> builder.child(name, build(child, path.isEmpty() ? name : path + "." + name)));
        module.methods.forEach(builder::method);
        return builder.build();
    }

    private Module module(String path) {
        Module module = root;
        for (String part : parts(path)) {
            module = module.children.computeIfAbsent(part, name -> new Module());
        }
        return module;
    }

    private static List<String> parts(String path) {
        if (path.isEmpty()) {
            return List.of();
        }
        List<String> parts = new ArrayList<>();
        for (String part : path.split("\\.", -1)) {
            parts.add(attribute(part));
        }
        if (parts.size() > MAX_DEPTH) {
            throw ProgramJson.damaged("its modules are nested more than " + MAX_DEPTH + " deep");
        }
        return parts;
    }

    /** A name as an attribute can have it. */
    private static String attribute(String name) {
        String plain = name.replaceAll("[^ -~]|[\"'\\\\.]", "_");
        return plain.isEmpty() ? "_" : plain;
    }
}
