package dev.gnserve.archive;

import dev.gnserve.archive.Evaluator.Frame;
import dev.gnserve.archive.ModuleTree.Instance;
import dev.gnserve.archive.Program.Target;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * All calls of normalizations in an archive's code, followed from the methods of each module through free functions, and the
 * layers that they belong to. Not changed after {@link #of}.
 */
final class NormalizationCalls {

    /** Classes of torch.nn, whose forward passes weight and bias as they are. */
    private static final String OF_TORCH = "__torch__.torch.nn.modules.";

    private static final int MAX_CALLS = 100_000;
    private static final int MAX_DEPTH = 30;

    /** Upper limit of the numbers of calls within a free function; see {@link #inner}. */
    static final int CALLS_PER_FUNCTION = 1000;

    private static final long MAX_SITE = 1L << 52;

    /** A constant of classes whose normalization is written out as single operators. */
    static final String DECOMPOSED = "gnserve_decomposed";

    /** The parameters of each operator, as in its schema. */
    private static final Map<String, List<String>> PARAMETERS = Map.of(
            "torch.group_norm",
            List.of("input", "num_groups", "weight", "bias", "eps"),
            NormalizationKind.EXACT_GROUP_NORM,
            List.of("input", "num_groups", "weight", "bias", "eps"),
            "torch.layer_norm",
            List.of("input", "normalized_shape", "weight", "bias", "eps"),
            "torch.batch_norm",
            List.of("input", "weight", "bias", "running_mean", "running_var", "training", "momentum", "eps"),
            "torch.instance_norm",
            List.of("input", "weight", "bias", "running_mean", "running_var", "use_stats", "momentum", "eps"),
            "torch.native_group_norm",
            List.of("input", "weight", "bias", "N", "C", "HxW", "group", "eps"),
            "torch.native_layer_norm",
            List.of("input", "normalized_shape", "weight", "bias", "eps"),
            "torch._native_batch_norm_legit_no_training",
            List.of("input", "weight", "bias", "running_mean", "running_var", "momentum", "eps"));

    /**
     * A call of a normalization within a module, with its arguments.
     *
     * @param function name of the outermost function on the way to the call, or of the operator
     * @param untappable why the call cannot be tapped, or null
     */
    private record NormalizationCall(
            long site,
            NormalizationKind kind,
            String function,
            @Nullable Object groups,
            @Nullable Object epsilon,
            @Nullable Object weight,
            @Nullable Object bias,
            @Nullable Object normalizedShape,
            @Nullable String untappable) {

        boolean sameLayer(NormalizationCall other) {
            return kind == other.kind
                    && Objects.equals(groups, other.groups)
                    && Objects.equals(epsilon, other.epsilon)
                    && Objects.equals(weight, other.weight)
                    && Objects.equals(bias, other.bias);
        }
    }

    private final TorchScriptArchive archive;
    private final Program program;
    private final Evaluator evaluator;
    private final List<NormalizationLayer> layers = new ArrayList<>();
    private final List<PickledObject> tapped = new ArrayList<>();
    private final Map<Key, GroupNormDeclaration> declarations = new HashMap<>();
    private int calls;

    private NormalizationCalls(TorchScriptArchive archive) {
        this.archive = archive;
        this.program = new Program(archive.sources());
        this.evaluator = new Evaluator(archive);
    }

    static NormalizationCalls of(TorchScriptArchive archive) {
        NormalizationCalls found = new NormalizationCalls(archive);
        found.find();
        return found;
    }

    Program program() {
        return program;
    }

    List<NormalizationLayer> layers() {
        return layers;
    }

    /** The modules with calls of {@code group_norm} that can be tapped. A module's number is its index here. */
    List<PickledObject> tapped() {
        return tapped;
    }

    /** The declarations of the tapped calls. */
    Map<Key, GroupNormDeclaration> declarations() {
        return declarations;
    }

    /**
     * Identifies a tapped call.
     *
     * @param module index of the module in {@link #tapped()}
     * @param site number of the call within the code
     */
    record Key(long module, long site) {}

    /** The site of a call within a free function that is itself called at a site. */
    static long inner(long site, int number) {
        return site * CALLS_PER_FUNCTION + number;
    }

    private void find() {
        Map<StoredTensor, String> owners = new HashMap<>();
        Map<ClassType, Boolean> instantiated = new HashMap<>();
        Map<Instance, List<NormalizationCall>> found = new LinkedHashMap<>();
        List<Instance> instances = archive.modules().instances();
        for (Instance instance : instances) {
            ClassType type = program.classOf(instance.object());
            List<NormalizationCall> calls = new ArrayList<>();
            if (type != null) {
                instantiated.put(type, true);
                for (Function method : type.methods) {
                    collect(Evaluator.method(method, instance.object()), unreachable(type, instance), calls);
                }
            }
            found.put(instance, calls);
            if (!calls.isEmpty() && instance.object().get("weight") instanceof StoredTensor weight) {
                owners.putIfAbsent(weight, instance.path());
            }
        }
        found.forEach((instance, calls) -> {
            int before = layers.size();
            if (!calls.isEmpty()) {
                addLayers(instance, calls);
            } else {
                addUncalled(instance, owners);
            }
            addAliases(instance, List.copyOf(layers.subList(before, layers.size())));
        });
        for (SourceFile source : archive.sources()) {
            for (ClassType type : source.classes) {
                if (!type.isModule() && !instantiated.containsKey(type)) {
                    addRuntimeClass(type);
                }
            }
        }
    }

    private static @Nullable String unreachable(ClassType type, Instance instance) {
        if (!type.isModule()) {
            return "it is called in the TorchScript class " + instance.object().simpleName()
                    + ", which is not a module and cannot hold a tap";
        }
        return instance.object().insertionPoint() < 0
                ? "its module defines its own state (__getstate__), which cannot hold a tap"
                : null;
    }

    private void collect(Frame frame, @Nullable String untappable, List<NormalizationCall> into) {
        for (Target target : program.targets(frame.function())) {
            follow(target, frame, target.number(), "", untappable, 0, into);
        }
    }

    private void follow(
            Target target,
            Frame frame,
            long site,
            String outermost,
            @Nullable String untappable,
            int depth,
            List<NormalizationCall> into) {
        if (++calls > MAX_CALLS) {
            throw new TorchScriptException("the archive makes more than " + MAX_CALLS + " calls of normalizations");
        }
        if (depth > MAX_DEPTH) {
            return;
        }
        String reason = untappable;
        if (reason == null && (site > MAX_SITE || (depth > 0 && target.number() >= CALLS_PER_FUNCTION))) {
            reason = "it is called through more functions than a tap can distinguish";
        }
        Function function = target.function();
        if (function == null) {
            into.add(call(target, frame, site, outermost, reason));
            return;
        }
        Frame called = evaluator.called(function, frame, target.call().open());
        String name = outermost.isEmpty() ? function.name : outermost;
        for (Target next : program.targets(function)) {
            follow(next, called, inner(site, next.number()), name, reason, depth + 1, into);
        }
    }

    private NormalizationCall call(
            Target target, Frame frame, long site, String outermost, @Nullable String untappable) {
        NormalizationKind kind = Objects.requireNonNull(target.kind());
        String operator = frame.function().file.token(target.call().callee());
        List<String> parameters = Objects.requireNonNull(PARAMETERS.get(operator));
        Map<String, @Nullable Object> arguments =
                evaluator.arguments(parameters, frame, target.call().open());
        String reason = untappable;
        if (kind != NormalizationKind.GROUP_NORM) {
            reason = "it is " + kind + "; only group-norm is verified";
        }
        return new NormalizationCall(
                site,
                kind,
                outermost.isEmpty() ? NormalizationKind.functionName(operator) : outermost,
                scalar(arguments.getOrDefault(
                        operator.equals(NormalizationKind.NATIVE_GROUP_NORM) ? "group" : "num_groups",
                        Evaluator.UNKNOWN)),
                scalar(arguments.getOrDefault("eps", 1e-5)),
                scalar(arguments.get("weight")),
                scalar(arguments.get("bias")),
                arguments.getOrDefault("normalized_shape", Evaluator.UNKNOWN),
                reason);
    }

    private void addLayers(Instance instance, List<NormalizationCall> calls) {
        boolean leaf = !instance.hasChildren();
        List<List<NormalizationCall>> byLayer = new ArrayList<>();
        for (NormalizationCall call : calls) {
            List<NormalizationCall> same = null;
            for (List<NormalizationCall> layer : byLayer) {
                boolean recognizable = leaf || call.weight() instanceof StoredTensor;
                if (recognizable && layer.get(0).sameLayer(call)) {
                    same = layer;
                    break;
                }
            }
            if (same == null) {
                same = new ArrayList<>();
                byLayer.add(same);
            }
            same.add(call);
        }
        // A module with one normalization is that layer, but not a convolution that normalizes its own weights.
        boolean single = leaf && byLayer.size() == 1 && isNormalization(instance.object(), calls.get(0));
        Map<String, Integer> used = new HashMap<>();
        Map<String, Long> functions = new HashMap<>();
        byLayer.forEach(layer -> functions.merge(layer.get(0).function(), 1L, Long::sum));
        for (List<NormalizationCall> layer : byLayer) {
            String function = layer.get(0).function();
            String name;
            if (single && !instance.path().isEmpty()) {
                name = instance.path();
            } else if (Objects.requireNonNull(functions.get(function)) == 1) {
                name = instance.attributePath(function);
            } else {
                name = instance.attributePath(function) + "." + used.merge(function, 1, Integer::sum);
            }
            addLayer(instance, name, layer, single);
        }
    }

    private boolean isNormalization(PickledObject object, NormalizationCall call) {
        return call.kind() == NormalizationKind.ofClass(object.simpleName())
                || constant(object, "num_groups") instanceof Long
                || (call.kind() == NormalizationKind.GROUP_NORM
                        && Objects.equals(scalar(object.get("weight")), call.weight())
                        && Objects.equals(scalar(object.get("bias")), call.bias()));
    }

    /** The vector that the module owns, if there is one; else the argument of the call. */
    private static @Nullable Object declared(@Nullable Object own, @Nullable Object called) {
        return own instanceof StoredTensor tensor && tensor.shape().size() == 1 ? own : called;
    }

    /**
     * What the engine's vector must be; null where a class that is not PyTorch's own passes something that its code computes, such as
     * {@code weight + 1}.
     */
    private static @Nullable StoredTensor compared(
            PickledObject owner, @Nullable Object declared, @Nullable Object called) {
        boolean plain = called != Evaluator.UNKNOWN || owner.className().startsWith(OF_TORCH);
        return declared instanceof StoredTensor tensor && plain ? tensor : null;
    }

    private void addLayer(Instance instance, String name, List<NormalizationCall> calls, boolean single) {
        NormalizationCall call = calls.get(0);
        PickledObject object = instance.object();
        Object weight = single ? declared(object.get("weight"), call.weight()) : call.weight();
        Object bias = single ? declared(object.get("bias"), call.bias()) : call.bias();
        Integer calledGroups = call.kind() == NormalizationKind.GROUP_NORM ? integer(call.groups()) : null;
        Double calledEpsilon = real(call.epsilon());
        Integer groups = calledGroups;
        Double epsilon = calledEpsilon;
        String contradiction = null;
        if (single) {
            Integer declaredGroups = calledGroups == null ? null : integer(constant(object, "num_groups"));
            Double declaredEpsilon = real(constant(object, "eps"));
            if (declaredGroups != null && !declaredGroups.equals(calledGroups)) {
                contradiction = "it declares " + declaredGroups + " groups, but its code uses " + calledGroups;
            }
            if (declaredEpsilon != null && calledEpsilon != null && !declaredEpsilon.equals(calledEpsilon)) {
                contradiction = "it declares epsilon " + declaredEpsilon + ", but its code uses " + calledEpsilon;
            }
            groups = declaredGroups == null ? groups : declaredGroups;
            epsilon = declaredEpsilon == null ? epsilon : declaredEpsilon;
        }
        String untappable = calls.stream()
                .map(NormalizationCall::untappable)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        Integer channels = channels(call.kind(), weight, object, call.normalizedShape());
        Boolean affine = affine(weight, bias);
        layers.add(new NormalizationLayer(
                name,
                call.kind(),
                groups,
                channels,
                epsilon,
                affine,
                untappable == null,
                untappable == null ? contradiction : untappable));
        if (call.kind() == NormalizationKind.GROUP_NORM && calls.stream().anyMatch(c -> c.untappable() == null)) {
            if (tapped.isEmpty() || tapped.get(tapped.size() - 1) != object) {
                tapped.add(object);
            }
            GroupNormDeclaration declaration = new GroupNormDeclaration(
                    name,
                    groups,
                    epsilon,
                    affine,
                    compared(object, weight, call.weight()),
                    compared(object, bias, call.bias()));
            calls.forEach(each -> declarations.put(new Key(tapped.size() - 1, each.site()), declaration));
        }
    }

    /** Lists a module that is a normalization by its class, but is never called. */
    private void addUncalled(Instance instance, Map<StoredTensor, String> owners) {
        PickledObject object = instance.object();
        NormalizationKind kind = NormalizationKind.ofClass(object.simpleName());
        ClassType type = program.classOf(object);
        if (kind == null || type == null || !type.isModule() || instance.hasChildren()) {
            return;
        }
        String reason = type.constants.containsKey(DECOMPOSED)
                ? "it was exported as single operators instead of group_norm or native_group_norm; export the model without"
                        + " run_decompositions(), or with a decomposition table that keeps them"
                : "it is registered, but the archive's code does not call it under this name";
        Object weight = object.get("weight");
        if (weight instanceof StoredTensor tensor && owners.containsKey(tensor)) {
            reason += "; it shares its parameters with " + owners.get(tensor);
        }
        layers.add(new NormalizationLayer(
                instance.path(),
                kind,
                kind == NormalizationKind.GROUP_NORM ? integer(constant(object, "num_groups")) : null,
                channels(kind, weight, object, Evaluator.UNKNOWN),
                real(constant(object, "eps")),
                object.has("weight") ? affine(weight, object.get("bias")) : bool(constant(object, "affine")),
                false,
                reason));
    }

    /** Lists the layers of a module again under its other paths. */
    private void addAliases(Instance instance, List<NormalizationLayer> own) {
        for (String path : instance.otherPaths()) {
            for (NormalizationLayer layer : own) {
                String name = instance.path().isEmpty()
                        ? path + "." + layer.name()
                        : path + layer.name().substring(instance.path().length());
                layers.add(new NormalizationLayer(
                        name,
                        layer.kind(),
                        layer.groups(),
                        layer.channels(),
                        layer.epsilon(),
                        layer.affine(),
                        false,
                        "it is the same module as " + layer.name() + " and is listed there"));
            }
        }
    }

    /** Lists the layers of a class whose instances the code creates. */
    private void addRuntimeClass(ClassType type) {
        PickledObject none = new PickledObject(type.qualifiedName);
        Instance instance = new Instance(none, none.simpleName(), List.of());
        List<NormalizationCall> calls = new ArrayList<>();
        for (Function method : type.methods) {
            collect(Evaluator.method(method, none), unreachable(type, instance), calls);
        }
        if (!calls.isEmpty()) {
            addLayers(instance, calls);
        }
    }

    /** The value of a constant of the class ({@code num_groups : Final[int] = 8}) or of an attribute of the object. */
    private @Nullable Object constant(PickledObject object, String name) {
        ClassType type = program.classOf(object);
        Span constant = type == null ? null : type.constants.get(name);
        if (type != null && constant != null) {
            return evaluator.constant(type.file, constant);
        }
        return object.has(name) ? object.get(name) : Evaluator.UNKNOWN;
    }

    private @Nullable Integer channels(
            NormalizationKind kind, @Nullable Object weight, PickledObject object, @Nullable Object normalizedShape) {
        if (weight instanceof StoredTensor tensor && tensor.shape().size() == 1) {
            return (int) Math.min(Integer.MAX_VALUE, tensor.elements());
        }
        if (kind == NormalizationKind.LAYER_NORM) {
            return normalizedShape instanceof List<?> list && list.size() == 1 ? integer(list.get(0)) : null;
        }
        if (object.get("running_mean") instanceof StoredTensor mean) {
            return (int) Math.min(Integer.MAX_VALUE, mean.elements());
        }
        Integer channels = integer(constant(object, "num_channels"));
        return channels == null ? integer(constant(object, "num_features")) : channels;
    }

    /** The value if it can be compared safely. A list of a pickle cannot: it may contain itself. */
    private static @Nullable Object scalar(@Nullable Object value) {
        return value == null || value instanceof Number || value instanceof StoredTensor ? value : Evaluator.UNKNOWN;
    }

    private static @Nullable Boolean affine(@Nullable Object weight, @Nullable Object bias) {
        if (weight instanceof StoredTensor || bias instanceof StoredTensor) {
            return true;
        }
        if (weight == null && bias == null) {
            return false;
        }
        return null;
    }

    private static @Nullable Integer integer(@Nullable Object value) {
        return value instanceof Long number && number == number.intValue() ? number.intValue() : null;
    }

    private static @Nullable Double real(@Nullable Object value) {
        if (value instanceof Long number) {
            return number.doubleValue();
        }
        return value instanceof Double number ? number : null;
    }

    private static @Nullable Boolean bool(@Nullable Object value) {
        return value instanceof Boolean truth ? truth : null;
    }
}
