package dev.gnserve.archive;

import dev.gnserve.archive.Evaluator.Frame;
import dev.gnserve.archive.ModuleTree.Instance;
import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds the weights that the code of an archive uses for nothing but convolutions, so that a plan can put them into another form. Each use
 * is followed through local names, {@code getattr} and methods of the same module. What cannot be followed counts as another use: in a free
 * function or a class that is no module, an attribute may be that of any module.
 */
final class ConvolutionWeights {

    private static final int MOST_CALLERS = 8;

    private final Evaluator evaluator;
    private final BiPredicate<SourceFile, Call> convolution;
    private final Set<StoredTensor> candidates = new HashSet<>();
    private final Set<StoredTensor> convolved = new HashSet<>();
    private final Set<StoredTensor> otherwiseUsed = new HashSet<>();

    /** Names of attributes that code reads of objects which the archive does not fix. */
    private final Set<String> unknown = new HashSet<>();

    /** The calls of each method on its own module. */
    private final Map<ClassType, Map<String, List<OwnCall>>> ownCalls = new HashMap<>();

    private ConvolutionWeights(TorchScriptArchive archive, BiPredicate<SourceFile, Call> convolution) {
        this.evaluator = new Evaluator(archive);
        this.convolution = convolution;
    }

    /**
     * These weights. Their attributes are names that code can assign to.
     *
     * @param wanted which tensors are looked for
     * @param convolution which calls take a weight as their second argument
     */
    static Set<StoredTensor> of(
            TorchScriptArchive archive, Predicate<StoredTensor> wanted, BiPredicate<SourceFile, Call> convolution) {
        ConvolutionWeights found = new ConvolutionWeights(archive, convolution);
        Program program = new Program(archive.sources());
        List<Instance> instances = archive.modules().instances();
        instances.forEach(instance -> instance.object().attributes().forEach((name, value) -> {
            if (value instanceof StoredTensor tensor && wanted.test(tensor)) {
                found.consider(name, tensor);
            }
        }));
        if (found.candidates.isEmpty()) {
            return Set.of();
        }
        found.spoilShared(instances);
        Set<ClassType> followed = new HashSet<>();
        for (Instance instance : instances) {
            ClassType type = program.classOf(instance.object());
            if (type != null) {
                type.methods.forEach(
                        method -> found.follow(method, type, found.frame(method, type, instance.object(), 0)));
                followed.add(type);
            }
        }
        // What these do is not known from their callers: any object may be passed to them.
        for (SourceFile source : archive.sources()) {
            source.functions.forEach(function -> found.follow(function, null, unknown(function)));
            source.classes.stream()
                    .filter(type -> !followed.contains(type))
                    .forEach(type -> type.methods.forEach(method -> found.follow(method, null, unknown(method))));
        }
        for (Instance instance : instances) {
            found.unknown.forEach(name -> found.spoil(Evaluator.attributeOf(instance.object(), name)));
        }
        found.convolved.removeAll(found.otherwiseUsed);
        return found.convolved;
    }

    private void consider(Object name, StoredTensor tensor) {
        candidates.add(tensor);
        if (!isAssignable(name)) {
            spoil(tensor);
        }
    }

    /** Whether code can assign to an attribute of this name. */
    static boolean isAssignable(Object name) {
        return ScriptWords.isName(name.toString());
    }

    private void spoil(@Nullable Object value) {
        if (value instanceof StoredTensor tensor) {
            otherwiseUsed.add(tensor);
        }
    }

    private static Frame unknown(Function function) {
        Map<String, @Nullable Object> bound = new HashMap<>();
        function.parameters.forEach(parameter -> bound.put(parameter.name(), Evaluator.UNKNOWN));
        return new Frame(function, bound);
    }

    /** What is also in a list or a dict, or shares its memory with another tensor, may be changed there in place. */
    private void spoilShared(List<Instance> instances) {
        Map<String, Set<StoredTensor>> attributes = new HashMap<>();
        Set<String> collected = new HashSet<>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        instances.forEach(instance -> seen.add(instance.object()));
        for (Instance instance : instances) {
            for (Object value : instance.object().attributes().values()) {
                if (value instanceof StoredTensor tensor) {
                    attributes
                            .computeIfAbsent(tensor.storage(), storage -> new HashSet<>())
                            .add(tensor);
                } else {
                    collect(value, collected, seen);
                }
            }
        }
        attributes.forEach((storage, tensors) -> {
            if (tensors.size() > 1 || collected.contains(storage)) {
                otherwiseUsed.addAll(tensors);
            }
        });
    }

    private static void collect(@Nullable Object value, Set<String> storages, Set<Object> seen) {
        if (value instanceof StoredTensor tensor) {
            storages.add(tensor.storage());
        } else if (value instanceof List<?> list && seen.add(list)) {
            list.forEach(item -> collect(item, storages, seen));
        } else if (value instanceof PickledDict dict && seen.add(dict)) {
            dict.items().values().forEach(item -> collect(item, storages, seen));
        } else if (value instanceof PickledObject object && seen.add(object)) {
            object.attributes().values().forEach(item -> collect(item, storages, seen));
        }
    }

    /**
     * Finds each use of a candidate.
     *
     * @param type the class whose own methods are followed; null for none
     */
    private void follow(Function method, @Nullable ClassType type, Frame frame) {
        SourceFile file = method.file;
        Set<Span> weights = new HashSet<>();
        Set<Span> passedOn = new HashSet<>();
        for (Call call : method.calls()) {
            if (convolution.test(file, call)) {
                weights.add(file.arguments(call.open()).get(1));
            } else if (type != null && isFollowed(type, file, call)) {
                passedOn.addAll(file.arguments(call.open()));
            }
        }
        Map<Integer, Span> objects = objects(method);
        int line = method.body.from();
        for (int token = method.body.from(); token < method.body.to(); token++) {
            if (file.kind(token) == Kind.END) {
                line = token + 1;
            }
            if (file.kind(token) != Kind.NAME) {
                continue;
            }
            if (isDeclared(file, token)) {
                assign(file.token(token), evaluator.value(new Span(token, token + 1), frame));
                continue;
            }
            Use use = use(file, token, frame, objects.get(token));
            if (use.value() instanceof StoredTensor tensor && candidates.contains(tensor)) {
                if (weights.contains(use.span())) {
                    convolved.add(tensor);
                } else if (!passedOn.contains(use.span()) && !isNamed(use, file.token(line), frame)) {
                    otherwiseUsed.add(tensor);
                }
            }
        }
    }

    /** Whether a name is assigned a value, or a type. */
    static boolean isDeclared(SourceFile file, int token) {
        boolean named = file.isSign(token + 1, '=') && !file.isSign(token + 2, '=');
        boolean typed = file.isSign(token + 1, ':') && file.line(token).from() == token;
        return file.declares(token) && (named || typed);
    }

    /** An attribute gets another value than the archive has. */
    private void assign(String name, @Nullable Object before) {
        if (name.indexOf('.') >= 0) {
            if (before instanceof PickledObject) {
                otherwiseUsed.addAll(candidates);
            } else if (before == Evaluator.UNKNOWN) {
                unknown.add(name.substring(name.lastIndexOf('.') + 1));
            }
        }
    }

    /**
     * An expression that ends with a name.
     *
     * @param span of the whole expression
     * @param value null also for a function
     */
    private record Use(Span span, @Nullable Object value) {}

    /** @param object the expression before a name that begins with a dot; null for other names */
    private Use use(SourceFile file, int token, Frame frame, @Nullable Span object) {
        String name = file.token(token);
        String[] path = name.split("\\.", -1);
        boolean called = file.isSign(token + 1, '(');
        Span span = new Span(object == null ? token : object.from(), token + 1);
        if (called && path.length == 1) {
            // Of all functions, only getattr gives a weight as it is.
            return name.equals("getattr") ? attribute(file, token, frame) : new Use(span, null);
        }
        boolean spaced = object == null && file.isPartOfName(token);
        Object value = Evaluator.UNKNOWN;
        if (object != null) {
            value = evaluator.value(object, frame);
        } else if (spaced) {
            unknown.add(path[0]);
        } else {
            value = evaluator.named(path[0], frame);
        }
        for (int i = 1; i < path.length; i++) {
            spoil(value); // It is used for one of its own attributes or methods.
            value = Evaluator.attributeOf(value, path[i]);
            if (value == Evaluator.UNKNOWN) {
                unknown.add(path[i]);
            }
        }
        return new Use(span, called ? null : value);
    }

    /** A call of {@code getattr}. */
    private Use attribute(SourceFile file, int token, Frame frame) {
        Span call = new Span(token, file.closing(token + 1) + 1);
        Object value = evaluator.value(call, frame);
        if (value == Evaluator.UNKNOWN && file.getsPlainAttribute(token, Set.of())) {
            String attribute = file.text(file.arguments(token + 1).get(1));
            unknown.add(attribute.substring(1, attribute.length() - 1));
        } else if (value == Evaluator.UNKNOWN) {
            otherwiseUsed.addAll(candidates);
        }
        return new Use(call, value);
    }

    /** For each name that begins with a dot after a bracket, the expression before it: {@code getattr(self.layer, "0")}, {@code (self)}. */
    private static Map<Integer, Span> objects(Function method) {
        SourceFile file = method.file;
        Map<Integer, Span> objects = new HashMap<>();
        for (int token = method.body.from(); token < method.body.to(); token++) {
            if (file.isSign(token, '(')) {
                int next = file.closing(token) + 1;
                boolean called = token > 0 && file.kind(token - 1) == Kind.NAME;
                if (next < method.body.to()
                        && file.kind(next) == Kind.NAME
                        && file.token(next).startsWith(".")) {
                    objects.put(next, new Span(called ? token - 1 : token, next));
                }
            }
        }
        return objects;
    }

    /**
     * Whether a line does nothing but give a value a local name, by which it can be followed.
     *
     * @param name with which the line begins
     */
    private boolean isNamed(Use use, String name, Frame frame) {
        return name.indexOf('.') < 0
                && use.span().equals(frame.function().assigned(name))
                && Objects.equals(use.value(), evaluator.named(name, frame));
    }

    /** Whether a call's arguments are known in the method that it calls. */
    private boolean isFollowed(ClassType type, SourceFile file, Call call) {
        String method = ownMethod(file, call);
        return method != null
                && calls(type, method).size() == 1
                && type.methods.stream().anyMatch(own -> own.name.equals(method));
    }

    /** The values of a method's arguments, where one place in the class calls it: {@code (self)._conv_forward(input, self.weight, self.bias)}. */
    private Frame frame(Function method, ClassType type, PickledObject self, int depth) {
        Frame frame = Evaluator.method(method, self);
        List<OwnCall> calls = calls(type, method.name);
        if (calls.size() != 1) {
            return frame;
        }
        if (depth == MOST_CALLERS) {
            throw new TorchScriptException(
                    "more than " + MOST_CALLERS + " methods of " + type.qualifiedName + " call each other");
        }
        List<String> names = method.parameters.stream()
                .skip(1)
                .map(SourceFile.Parameter::name)
                .toList();
        Map<String, @Nullable Object> given = evaluator.arguments(
                names,
                frame(calls.get(0).caller(), type, self, depth + 1),
                calls.get(0).call().open());
        // Another module may call the method with another object. With a tensor, that counts as another use of it.
        given.replaceAll((name, value) -> value instanceof StoredTensor ? value : Evaluator.UNKNOWN);
        Map<String, @Nullable Object> bound = new HashMap<>(frame.bound());
        bound.putAll(given);
        return new Frame(method, bound);
    }

    /** A call of a method by a method of the same object. */
    record OwnCall(Function caller, Call call) {}

    /** The call of a method by its own class; null if there is none, or more than one. */
    static @Nullable OwnCall onlyCall(Function method) {
        ClassType type = method.owner;
        List<OwnCall> calls = type == null ? List.of() : ownCalls(type).getOrDefault(method.name, List.of());
        return calls.size() == 1 ? calls.get(0) : null;
    }

    private List<OwnCall> calls(ClassType type, String method) {
        return ownCalls.computeIfAbsent(type, ConvolutionWeights::ownCalls).getOrDefault(method, List.of());
    }

    private static Map<String, List<OwnCall>> ownCalls(ClassType type) {
        Map<String, List<OwnCall>> calls = new HashMap<>();
        for (Function caller : type.methods) {
            for (Call call : caller.calls()) {
                String method = ownMethod(caller.file, call);
                if (method != null) {
                    calls.computeIfAbsent(method, name -> new ArrayList<>()).add(new OwnCall(caller, call));
                }
            }
        }
        return calls;
    }

    /** The method that a call calls on its own module: {@code self.name()} or {@code (self).name()}; else null. */
    static @Nullable String ownMethod(SourceFile file, Call call) {
        int callee = call.callee();
        String name = file.token(callee);
        boolean bracketed = callee >= 3
                && file.isSign(callee - 1, ')')
                && file.token(callee - 2).equals("self")
                && file.isSign(callee - 3, '(')
                && (callee == 3 || file.end(callee - 4) < file.start(callee - 3)); // Not pick(self).name().
        String start = bracketed ? "." : "self.";
        boolean own = name.startsWith(start) && name.indexOf('.', start.length()) < 0;
        return own ? name.substring(start.length()) : null;
    }
}
