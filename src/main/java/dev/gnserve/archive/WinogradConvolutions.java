package dev.gnserve.archive;

import dev.gnserve.archive.Evaluator.Frame;
import dev.gnserve.archive.ModuleTree.Instance;
import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of an archive that Winograd's algorithm can compute, with their weights transformed once after loading: 3 x 3, of
 * stride 1, padding 1 and one group, with {@value #LEAST_CHANNELS} channels or more on both sides. A weight is transformed only if the
 * code uses it for nothing but such convolutions, because its transform stands in its place.
 *
 * <p>F(4 x 4, 3 x 3) of Lavin and Gray (2015), "Fast Algorithms for Convolutional Neural Networks", with the points 0, 1, -1, 2, -2 and
 * infinity: 36 multiplications for 16 pixels instead of 144. Tiles of 6 x 6 pixels, of which neighbours share two, are gathered for some rows of
 * tiles at a time, so that they stay in the cache. Each image of a batch goes alone: its result does not depend on the others.
 */
final class WinogradConvolutions {

    /** The functions that convolutions call. */
    static final String FILE = "code/__torch__/gnserve/winograd.py";

    /** What stands in the place of the operator, with its first three arguments. */
    static final String CONVOLVE = "__torch__.gnserve.winograd.convolve";

    /** What makes [36, channels, outputs] of a weight [outputs, channels, 3, 3]. */
    static final String TRANSFORMED = "__torch__.gnserve.winograd.transformed";

    /** With fewer channels, gathering the tiles takes more time than the multiplications save. */
    private static final int LEAST_CHANNELS = 64;

    static final String HELPERS = """
            def transformed(weight: Tensor) -> Tensor:
              if ops.prim.is_cuda(weight):
                output = weight
              else:
                k = torch.size(weight, 0)
                c = torch.size(weight, 1)
                points = torch.view(torch.tensor([0.25, 0., 0., -0.16666666666666666, -0.16666666666666666, -0.16666666666666666, -0.16666666666666666, 0.16666666666666666, -0.16666666666666666, 0.041666666666666664, 0.083333333333333329, 0.16666666666666666, 0.041666666666666664, -0.083333333333333329, 0.16666666666666666, 0., 0., 1.], dtype=7), [6, 3])
                taps = torch.reshape(torch.permute(torch.to(torch.detach(weight), 7), [2, 3, 1, 0]), [9, torch.mul(c, k)])
                output = torch.view(torch.to(torch.mm(torch.kron(points, points), taps), 6), [36, c, k])
              return output
            def winograd(input: Tensor,
                weight: Tensor,
                bias: Optional[Tensor]) -> Tensor:
              n = torch.size(input, 0)
              c = torch.size(input, 1)
              h = torch.size(input, 2)
              w = torch.size(input, 3)
              k = torch.size(weight, 2)
              rows = torch.floordiv(torch.add(h, 3), 4)
              columns = torch.floordiv(torch.add(w, 3), 4)
              tiles = 128
              if torch.gt(torch.mul(c, k), 16384):
                tiles = 256
              else:
                pass
              blocks = torch.floordiv(rows * columns + tiles - 1, tiles)
              if torch.gt(blocks, rows):
                blocks = rows
              else:
                pass
              step = torch.floordiv(rows + blocks - 1, blocks)
              size = torch.mul(step, columns)
              bt = torch.expand(torch.view(torch.tensor([4., 0., -5., 0., 1., 0., 0., -4., -4., 1., 1., 0., 0., 4., -4., -1., 1., 0., 0., -2., -1., 2., 1., 0., 0., 2., -1., -2., 1., 0., 0., 4., 0., -5., 0., 1.], dtype=6), [6, 6]), [6, 6, 6])
              at = torch.view(torch.tensor([1., 1., 1., 1., 1., 0., 0., 1., -1., 2., -2., 0., 0., 1., 1., 4., 4., 0., 0., 1., -1., 8., -8., 1.], dtype=6), [4, 6])
              at6 = torch.expand(at, [6, 4, 6])
              at4 = torch.expand(at, [4, 4, 6])
              padded = torch.new_zeros(input, [4 * rows + 2, 4 * columns + 2, c])
              inner = torch.slice(torch.slice(padded, 0, 1, h + 1, 1), 1, 1, w + 1, 1)
              all = torch.permute(torch.unfold(torch.unfold(padded, 0, 6, 4), 1, 6, 4), [3, 4, 0, 1, 2])
              output = torch.new_empty(input, [n, rows, 4, columns, 4, k])
              d = torch.new_empty(input, [6, 6, torch.mul(size, c)])
              v = torch.new_empty(input, [6, 6, torch.mul(size, c)])
              m = torch.new_empty(input, [36, size, k])
              z = torch.new_empty(input, [6, 4, torch.mul(size, k)])
              y = torch.new_empty(input, [4, 4, torch.mul(size, k)])
              for i in range(n):
                _0 = torch.copy_(inner, torch.permute(torch.select(input, 0, i), [1, 2, 0]))
                image = torch.select(output, 0, i)
                for j in range(blocks):
                  first = torch.mul(j, step)
                  if torch.gt(first + step, rows):
                    first = rows - step
                  else:
                    pass
                  _1 = torch.copy_(torch.view(d, [6, 6, step, columns, c]), torch.slice(all, 2, first, first + step, 1))
                  _2 = torch.bmm(bt, torch.transpose(d, 0, 1), out=v)
                  _3 = torch.bmm(bt, torch.transpose(v, 0, 1), out=d)
                  _4 = torch.bmm(torch.view(d, [36, size, c]), weight, out=m)
                  if torch.__isnot__(bias, None):
                    _5 = torch.add_(torch.select(m, 0, 7), unchecked_cast(Tensor, bias))
                  else:
                    pass
                  _6 = torch.bmm(at6, torch.transpose(torch.view(m, [6, 6, torch.mul(size, k)]), 0, 1), out=z)
                  _7 = torch.bmm(at4, torch.transpose(z, 0, 1), out=y)
                  _8 = torch.copy_(torch.slice(image, 0, first, first + step, 1), torch.permute(torch.view(y, [4, 4, step, columns, k]), [2, 0, 3, 1, 4]))
              whole = torch.view(output, [n, 4 * rows, 4 * columns, k])
              cut = torch.slice(torch.slice(whole, 1, 0, h, 1), 2, 0, w, 1)
              return torch.permute(torch.contiguous(cut), [0, 3, 1, 2])
            def convolve(input: Tensor,
                weight: Tensor,
                bias: Optional[Tensor]) -> Tensor:
              if torch.eq(torch.dim(weight), 3):
                if torch.eq(torch.dim(input), 3):
                  output = torch.squeeze(__torch__.gnserve.winograd.winograd(torch.unsqueeze(input, 0), weight, bias, ), 0)
                else:
                  output = __torch__.gnserve.winograd.winograd(input, weight, bias, )
              else:
                output = torch.conv2d(__torch__.gnserve.plan.last(input, ), weight, bias, [1, 1], [1, 1], [1, 1], 1)
              return output
            """;

    /** The arguments after the bias. */
    private static final Map<String, List<String>> TAKEN = Map.of(
            "torch.conv2d", List.of("[1,1]", "[1,1]", "[1,1]", "1"),
            "torch.convolution", List.of("[1,1]", "[1,1]", "[1,1]", "False", "[0,0]", "1"),
            "torch._convolution", List.of("[1,1]", "[1,1]", "[1,1]", "False", "[0,0]", "1"));

    /** Of {@code torch.conv2d}, dilation and groups may be left out. */
    private static final int LEAST_TAKEN = 2;

    private static final int MOST_CALLERS = 8;

    private final Evaluator evaluator;
    private final Set<StoredTensor> candidates = new HashSet<>();
    private final Set<StoredTensor> convolved = new HashSet<>();
    private final Set<StoredTensor> otherwiseUsed = new HashSet<>();

    /** Names of attributes that code reads of objects which the archive does not fix. */
    private final Set<String> unknown = new HashSet<>();

    /** The calls of each method on its own module. */
    private final Map<ClassType, Map<String, List<OwnCall>>> ownCalls = new HashMap<>();

    private WinogradConvolutions(TorchScriptArchive archive) {
        evaluator = new Evaluator(archive);
    }

    /** Whether a call is one of these convolutions, apart from the size of its weight. */
    static boolean isTaken(SourceFile source, Call call) {
        String operator = source.token(call.callee());
        List<String> taken = TAKEN.getOrDefault(operator, List.of());
        List<String> given = source.arguments(call.open()).stream()
                .map(argument -> source.text(argument).replaceAll("\\s", ""))
                .toList();
        int compared = Math.min(given.size() - 3, taken.size());
        int least = operator.equals("torch.conv2d") ? LEAST_TAKEN : taken.size();
        return !taken.isEmpty()
                && compared >= least
                && given.subList(3, 3 + compared).equals(taken.subList(0, compared))
                && given.subList(0, 3).stream().noneMatch(argument -> argument.matches("\\w+=[^=].*"));
    }

    /** Has a convolution computed by {@link #CONVOLVE}. */
    static void replace(SourceFile source, Call call, Edits edits) {
        List<Span> arguments = source.arguments(call.open());
        edits.replace(source.start(call.callee()), source.end(call.callee()), CONVOLVE);
        int from = source.end(arguments.get(2).to() - 1);
        edits.replace(from, source.end(arguments.get(arguments.size() - 1).to() - 1), "");
    }

    /** The weights to transform. Their attributes are names that code can assign to. */
    static Set<StoredTensor> weights(TorchScriptArchive archive) {
        WinogradConvolutions found = new WinogradConvolutions(archive);
        Program program = new Program(archive.sources());
        List<Instance> instances = archive.modules().instances();
        instances.forEach(instance -> instance.object().attributes().forEach(found::consider));
        if (found.candidates.isEmpty()) {
            return Set.of();
        }
        for (Instance instance : instances) {
            ClassType type = program.classOf(instance.object());
            if (type != null) {
                type.methods.forEach(method -> found.follow(method, type, instance.object()));
            }
        }
        for (Instance instance : instances) {
            found.unknown.forEach(name -> found.spoil(Evaluator.attributeOf(instance.object(), name)));
        }
        found.convolved.removeAll(found.otherwiseUsed);
        return found.convolved;
    }

    private void consider(Object name, @Nullable Object attribute) {
        boolean wanted = attribute instanceof StoredTensor tensor
                && tensor.type() == TensorType.FLOAT32
                && tensor.shape().size() == 4
                && tensor.shape().get(0) >= LEAST_CHANNELS
                && tensor.shape().get(1) >= LEAST_CHANNELS
                && tensor.shape().get(2) == 3
                && tensor.shape().get(3) == 3;
        if (!wanted) {
            return;
        }
        candidates.add((StoredTensor) attribute);
        if (!isAssignable(name)) {
            spoil(attribute);
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

    /** Finds each use of a candidate in a method of a module. */
    private void follow(Function method, ClassType type, PickledObject self) {
        SourceFile file = method.file;
        Frame frame = frame(method, type, self, 0);
        Set<Span> weights = new HashSet<>();
        Set<Span> passedOn = new HashSet<>();
        for (Call call : method.calls()) {
            if (isTaken(file, call)) {
                weights.add(file.arguments(call.open()).get(1));
            } else if (isFollowed(type, file, call)) {
                passedOn.addAll(file.arguments(call.open()));
            }
        }
        Map<Integer, Span> objects = objects(method);
        for (int token = method.body.from(); token < method.body.to(); token++) {
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
                } else if (!passedOn.contains(use.span()) && !isNamed(use, frame)) {
                    otherwiseUsed.add(tensor);
                }
            }
        }
    }

    private static boolean isDeclared(SourceFile file, int token) {
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

    /** Whether a line does nothing but give a value a local name, by which it can be followed. */
    private boolean isNamed(Use use, Frame frame) {
        SourceFile file = frame.function().file;
        String name = file.token(file.line(use.span().from()).from());
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

    private record OwnCall(Function caller, Call call) {}

    private List<OwnCall> calls(ClassType type, String method) {
        return ownCalls.computeIfAbsent(type, WinogradConvolutions::ownCalls).getOrDefault(method, List.of());
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
    private static @Nullable String ownMethod(SourceFile file, Call call) {
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
