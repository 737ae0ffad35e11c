package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of images, of one group, whose text says which attribute of which class of modules is the weight. So something that
 * belongs to the weight can be kept in an attribute beside it.
 *
 * <p>A convolution is left out if the weight could be another one at that place: if code assigns an attribute of that name, if another module
 * calls the method that convolves, or if convolutions with that attribute differ in stride, padding or dilation. Not thread-safe.
 */
final class ConvolutionSites {

    /** Of local names for one weight, one after the other. */
    private static final int MOST_NAMES = 8;

    /** Stride, padding and dilation. */
    private static final List<String> DEFAULTS = List.of("[1, 1]", "[0, 0]", "[1, 1]");

    /**
     * A convolution.
     *
     * @param module the expression for the module that has the weight, with a dot at its end
     * @param weight where the weight is
     * @param geometry stride, padding and dilation as written
     */
    record Site(String module, Place weight, String geometry) {}

    /** An attribute of a class of modules. */
    record Place(String type, String attribute) {}

    private final Evaluator evaluator;
    private final Program program;

    /** An instance of each class: those of one class have attributes of the same types. */
    private final Map<String, PickledObject> examples = new HashMap<>();

    /** Classes with an instance to which no attribute can be added. */
    private final Set<String> closed = new HashSet<>();

    /** Names of attributes that code assigns. */
    private final Set<String> assigned = new HashSet<>();

    /** Names of methods that are called on another object than the caller's own. */
    private final Set<String> foreign = new HashSet<>();

    private final Map<SourceFile, Map<Call, Site>> sites = new HashMap<>();
    private final Map<Place, String> geometries = new HashMap<>();

    ConvolutionSites(TorchScriptArchive archive) {
        evaluator = new Evaluator(archive);
        program = new Program(archive.sources());
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            examples.putIfAbsent(instance.object().className(), instance.object());
            if (instance.object().insertionPoint() < 0) {
                closed.add(instance.object().className());
            }
        }
        for (SourceFile source : archive.sources()) {
            source.functions.forEach(this::note);
            source.classes.forEach(type -> type.methods.forEach(this::note));
        }
        for (SourceFile source : archive.sources()) {
            source.classes.forEach(type -> type.methods.forEach(this::find));
        }
        Set<Place> several = new HashSet<>();
        for (Map<Call, Site> calls : sites.values()) {
            for (Site site : calls.values()) {
                String other = geometries.putIfAbsent(site.weight(), site.geometry());
                if (other != null && !other.equals(site.geometry())) {
                    several.add(site.weight());
                }
            }
        }
        geometries.keySet().removeAll(several);
        sites.values().forEach(calls -> calls.values().removeIf(site -> several.contains(site.weight())));
    }

    /** The convolution of a call; null if it is left out. */
    @Nullable
    Site at(SourceFile source, Call call) {
        return sites.getOrDefault(source, Map.of()).get(call);
    }

    /** The attributes of a class that are weights. */
    List<String> weights(String type) {
        return geometries.keySet().stream()
                .filter(place -> place.type().equals(type))
                .map(Place::attribute)
                .sorted()
                .toList();
    }

    /** Stride, padding and dilation of the convolutions with a weight, as arguments; null if it is none. */
    @Nullable
    String geometry(String type, Object attribute) {
        return geometries.get(new Place(type, attribute.toString()));
    }

    private void note(Function function) {
        SourceFile file = function.file;
        for (int token = function.body.from(); token < function.body.to(); token++) {
            boolean name = file.kind(token) == Kind.NAME && file.token(token).indexOf('.') >= 0;
            if (name && ConvolutionWeights.isDeclared(file, token)) {
                assigned.add(last(file.token(token)));
            }
        }
        function.calls().stream()
                .filter(call -> ConvolutionWeights.ownMethod(file, call) == null)
                .forEach(call -> foreign.add(last(file.token(call.callee()))));
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private void find(Function method) {
        ClassType owner = method.owner;
        PickledObject self = owner == null ? null : examples.get(owner.qualifiedName);
        if (self == null) {
            return;
        }
        for (Call call : method.calls()) {
            if (isSupported(method.file, call)) {
                Site site = site(method, self, call);
                if (site != null) {
                    sites.computeIfAbsent(method.file, file -> new HashMap<>()).put(call, site);
                }
            }
        }
    }

    /** Of one group and with a fixed geometry. */
    private static boolean isSupported(SourceFile source, Call call) {
        List<String> given = source.arguments(call.open()).stream()
                .map(argument -> source.text(argument).replaceAll("\\s", ""))
                .toList();
        List<String> after = switch (source.token(call.callee())) {
            case "torch.conv2d" -> List.of("1");
            case "torch.convolution", "torch._convolution" -> List.of("False", "[0,0]", "1");
            default -> List.of();
        };
        if (after.isEmpty() || given.size() < 3 || (after.size() > 1 && given.size() < 6 + after.size())) {
            return false;
        }
        List<String> geometry = given.subList(3, Math.min(6, given.size()));
        List<String> rest = given.subList(Math.min(6, given.size()), Math.min(6 + after.size(), given.size()));
        return geometry.stream().allMatch(argument -> argument.matches("\\[\\d+,\\d+]"))
                && rest.equals(after.subList(0, rest.size()))
                && given.subList(0, 3).stream().noneMatch(argument -> argument.matches("\\w+=[^=].*"));
    }

    /** Where the weight of a convolution is; null if that is not known, or no attribute can be added there. */
    private @Nullable Site site(Function method, PickledObject self, Call call) {
        List<Span> arguments = method.file.arguments(call.open());
        Argument expression = named(new Argument(method, arguments.get(1)));
        if (expression == null) {
            return null;
        }
        SourceFile file = expression.function().file;
        Span span = expression.span();
        String text = file.text(span);
        int dot = text.lastIndexOf('.');
        String attribute = text.substring(dot + 1);
        boolean plain = dot > 0 && file.kind(span.to() - 1) == Kind.NAME && ScriptWords.isName(attribute);
        boolean reached = expression.function() == method
                || (text.matches("self(\\.\\w+)+")
                        && method.parameters.get(0).name().equals("self"));
        PickledObject module = plain && reached ? module(expression.function(), self, span) : null;
        ClassType type = module == null ? null : program.classOf(module);
        if (module == null
                || !(module.get(attribute) instanceof StoredTensor)
                || closed.contains(module.className())
                || assigned.contains(attribute)
                || type == null
                || !type.isModule()) {
            return null;
        }
        StringJoiner geometry = new StringJoiner(", ");
        for (int i = 0; i < DEFAULTS.size(); i++) {
            boolean given = arguments.size() > 3 + i;
            geometry.add(given ? method.file.text(arguments.get(3 + i)) : DEFAULTS.get(i));
        }
        return new Site(text.substring(0, dot + 1), new Place(module.className(), attribute), geometry.toString());
    }

    /** An expression in a function. */
    private record Argument(Function function, Span span) {}

    /** The expression that a local name stands for; null if that is not known. */
    private @Nullable Argument named(Argument expression) {
        Argument followed = expression;
        for (int names = 0; names < MOST_NAMES; names++) {
            Function function = followed.function();
            Span span = followed.span();
            if (!isLocal(function.file, span)) {
                return followed;
            }
            String name = function.file.token(span.from());
            Span assignedAt = function.assigned(name);
            followed = assignedAt == null ? argument(function, name) : new Argument(function, assignedAt);
            if (followed == null) {
                return null;
            }
        }
        return null;
    }

    private static boolean isLocal(SourceFile file, Span span) {
        return span.single()
                && file.kind(span.from()) == Kind.NAME
                && file.token(span.from()).indexOf('.') < 0;
    }

    /** The argument that a method gets for a parameter, where one place calls it, on its own object. */
    private @Nullable Argument argument(Function method, String parameter) {
        int position = method.parameters.stream()
                .map(SourceFile.Parameter::name)
                .toList()
                .indexOf(parameter);
        ConvolutionWeights.OwnCall only = ConvolutionWeights.onlyCall(method);
        if (position < 1 || only == null || foreign.contains(method.name)) {
            return null;
        }
        List<Span> arguments = only.caller().file.arguments(only.call().open());
        return position <= arguments.size() ? new Argument(only.caller(), arguments.get(position - 1)) : null;
    }

    /** The module of an expression for a weight. */
    private @Nullable PickledObject module(Function function, PickledObject self, Span weight) {
        Evaluator.Frame frame = Evaluator.method(function, self);
        String last = function.file.token(weight.to() - 1);
        String before = last.substring(0, last.lastIndexOf('.'));
        String[] path = before.split("\\.", -1);
        Object value = weight.single()
                ? evaluator.named(path[0], frame)
                : evaluator.value(new Span(weight.from(), weight.to() - 1), frame);
        for (int i = 1; i < path.length; i++) {
            value = Evaluator.attributeOf(value, path[i]);
        }
        return value instanceof PickledObject object ? object : null;
    }
}
