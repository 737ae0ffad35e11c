package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All code of an archive: classes and free functions by name, and the calls that lead to a normalization. Not thread-safe. */
final class Program {

    /**
     * A call of a normalization, or of a free function that leads to one.
     *
     * @param kind the normalization; null for a function
     * @param function the function; null for a normalization
     * @param number identifies the call. In a method it is unique in the archive, in a free function only within the function
     */
    record Target(
            Call call,
            @Nullable NormalizationKind kind,
            @Nullable Function function,
            int number) {}

    private final Map<String, ClassType> classes = new HashMap<>();
    private final Map<String, Function> functions = new HashMap<>();
    private final Map<Function, List<Target>> targets = new HashMap<>();
    private final Map<Function, Boolean> groupNorm = new HashMap<>();
    private int sites;

    Program(List<SourceFile> sources) {
        for (SourceFile source : sources) {
            source.classes.forEach(type -> classes.put(type.qualifiedName, type));
            source.functions.forEach(function -> functions.put(function.qualifiedName(), function));
        }
        for (SourceFile source : sources) {
            for (ClassType type : source.classes) {
                type.methods.forEach(this::targets);
            }
        }
    }

    @Nullable
    ClassType classOf(PickledObject object) {
        return classes.get(object.className());
    }

    /** The calls in a function that are, or lead to, a normalization, in the order of the text. */
    List<Target> targets(Function function) {
        List<Target> known = targets.get(function);
        if (known != null) {
            return known;
        }
        // TorchScript has no recursion. In a forged archive that has, the second visit finds nothing.
        targets.put(function, Collections.emptyList());
        List<Target> found = new ArrayList<>();
        for (Call call : function.calls()) {
            String name = function.file.token(call.callee());
            NormalizationKind kind = NormalizationKind.ofOperator(name);
            Function callee = kind == null ? callee(function, name) : null;
            if (kind != null || (callee != null && !targets(callee).isEmpty())) {
                int number = function.owner == null ? found.size() + 1 : ++sites;
                found.add(new Target(call, kind, callee, number));
            }
        }
        targets.put(function, found);
        return found;
    }

    /** Whether a call is, or leads to, a call of a Group Normalization that can be replaced. */
    boolean leadsToGroupNorm(Function caller, Target target) {
        Function function = target.function();
        return function == null
                ? NormalizationKind.isTapped(caller.file.token(target.call().callee()))
                : leadsToGroupNorm(function);
    }

    boolean leadsToGroupNorm(Function function) {
        Boolean known = groupNorm.get(function);
        if (known == null) {
            groupNorm.put(function, false);
            known = targets(function).stream().anyMatch(target -> leadsToGroupNorm(function, target));
            groupNorm.put(function, known);
        }
        return known;
    }

    /** The free function of a name, directly or by an assignment {@code _0 = __torch__.f} in the caller. */
    private @Nullable Function callee(Function caller, String name) {
        Function direct = free(name);
        if (direct != null) {
            return direct;
        }
        Span alias = caller.assigned(name);
        if (alias != null && alias.single() && caller.file.kind(alias.from()) == Kind.NAME) {
            return free(caller.file.token(alias.from()));
        }
        return null;
    }

    /**
     * A free function by its full name. A module's forward hook, {@code Class.hook(module, ...)}, looks like one and is also
     * written beside the class, but the engine runs the method of that name.
     */
    private @Nullable Function free(String name) {
        int dot = name.lastIndexOf('.');
        return dot > 0 && classes.containsKey(name.substring(0, dot)) ? null : functions.get(name);
    }
}
