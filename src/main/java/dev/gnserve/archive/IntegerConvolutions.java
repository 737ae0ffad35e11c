package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Kind;
import dev.gnserve.archive.SourceFile.Span;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The convolutions of an archive that the plan int8 computes in integers: of images, of one group, with a weight that the code uses for
 * nothing else, and with results of 64 pixels or more (256, where the stride is not 1). Others compute in bfloat16.
 *
 * <p>A weight is quantized once after loading, for each output channel to -127..127. Its integers, in the form that oneDNN multiplies
 * with, and its scales stand in attributes beside it, which this class adds to the module. The weight itself gets oneDNN's form for
 * bfloat16. In each pass, each image of a batch is quantized and convolved alone: its numbers, from the least to the greatest one, become
 * 0..255. So the result of an image does not depend on the rest of its batch, and no calibration is needed. Products and sums are exact in 32
 * bits. The output is bfloat16.
 *
 * <p>Source: Jacob et al. (2018), "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * equations 1 to 9. The zero point's share of a sum, equation 7, is part of the bias, and the border is padded with the zero point.
 */
final class IntegerConvolutions {

    /** The functions that convolutions call. */
    static final String FILE = "code/__torch__/gnserve/integer.py";

    private static final String NAMESPACE = "__torch__.gnserve.integer.";

    /** The attributes beside a weight, which are none before it is prepared. The weight itself is then in oneDNN's form for bfloat16. */
    private static final String INTEGERS = "gnserve_integers_";

    /** [2, outputs]: the scales, and the sums of the scaled weights. */
    private static final String SCALES = "gnserve_scales_";

    /** With fewer multiplications for an input, quantizing it takes more time than they save. */
    private static final int LEAST_MULTIPLICATIONS = 256;

    private static final int LEAST_CHANNELS = 16;

    /**
     * With larger kernels, and other numbers of outputs, the form of the integers depends on the size of the image: oneDNN blocks outputs by 64,
     * or by 48 where that divides them.
     */
    private static final int LARGEST_KERNEL = 3;

    private static final int BLOCK = 64;

    /** 254 * 127 * this fits into 32 bits. */
    private static final int MOST_ADDED = 66_000;

    /** Of local names for one weight, one after the other. */
    private static final int MOST_NAMES = 8;

    /** Stride, padding and dilation. */
    private static final List<String> DEFAULTS = List.of("[1, 1]", "[0, 0]", "[1, 1]");

    /**
     * The functions. A step is a 253rd of the range, which leaves room to round zero and the ends of the range within 0..255. Where a step is
     * larger than the mean absolute value, of every fourth row, no steps are left for most numbers, and the image is convolved in bfloat16.
     * So is one with a number that is NaN or infinite. PyTorch converts float32 to 16 bits and those to 8 much faster than directly. oneDNN reads
     * a bias without its strides, so that it has to be contiguous. For smaller results, oneDNN wants the integers in another form. It would
     * change them in each pass, which takes longer than bfloat16.
     */
    static final String HELPERS = """
            def multiply(input: Tensor,
                step: float,
                weight: Tensor,
                scale: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int],
                type: int) -> Tensor:
              zeros = torch.zeros([torch.numel(scale)], dtype=4)
              return ops.onednn.qconv2d_pointwise(input, step, 0, weight, scale, zeros, bias, stride, padding, dilation, 1, 1., 0, type, "none", annotate(List[Optional[number]], []), "")
            def shape(weight: Tensor,
                side: int,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> List[int]:
              h = (side - 1) * stride[0] + dilation[0] * (torch.size(weight, 2) - 1) + 1 - 2 * padding[0]
              w = (side - 1) * stride[1] + dilation[1] * (torch.size(weight, 3) - 1) + 1 - 2 * padding[1]
              return [1, torch.size(weight, 1), ops.prim.max(h, 1), ops.prim.max(w, 1)]
            def pack(weight: Tensor,
                scale: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              shape = __torch__.gnserve.integer.shape(weight, 16, stride, padding, dilation, )
              return ops.onednn.qconv_prepack(weight, scale, 1., 0, stride, padding, dilation, 1, shape)
            def integers(weight: Tensor,
                scale: Tensor) -> Tensor:
              scaled = torch.div(torch.to(torch.detach(weight), 7), torch.view(scale, [-1, 1, 1, 1]))
              return torch.clamp(torch.round(scaled), -127, 127)
            def scales(weight: Tensor) -> Optional[Tensor]:
              if ops.prim.is_cuda(weight):
                ops.prim.RaiseException("the plan int8 needs a CPU")
              else:
                pass
              ones = torch.ones([64])
              largest = __torch__.gnserve.integer.pack(torch.full([64, 64, 1, 1], 127, dtype=1), ones, [1, 1], [0, 0], [1, 1], )
              sums = __torch__.gnserve.integer.multiply(torch.full([1, 64, 16, 16], 254, dtype=0), 1., largest, ones, None, [1, 1], [0, 0], [1, 1], 6, )
              if bool(torch.any(torch.ne(sums, 2064512.))):
                ops.prim.RaiseException("the plan int8 needs a processor that adds products of 8 bits without overflow (VNNI)")
              else:
                pass
              most = torch.amax(torch.abs(torch.detach(weight)), [1, 2, 3])
              scale = torch.clamp(torch.div(most, 127.), 1.0000000000000001e-30)
              sum = torch.mul(torch.sum(__torch__.gnserve.integer.integers(weight, scale, ), [1, 2, 3]), scale)
              output : Optional[Tensor] = torch.to(torch.stack([scale, sum]), 6)
              return output
            def packed(weight: Tensor,
                scales: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Optional[Tensor]:
              scale = torch.select(unchecked_cast(Tensor, scales), 0, 0)
              whole = torch.to(__torch__.gnserve.integer.integers(weight, scale, ), 1)
              output : Optional[Tensor] = __torch__.gnserve.integer.pack(whole, scale, stride, padding, dilation, )
              return output
            def narrowed(weight: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              shape : Optional[List[int]] = None
              if torch.eq(torch.size(weight, 2) * torch.size(weight, 3), 9):
                shape = __torch__.gnserve.integer.shape(weight, 8, stride, padding, dilation, )
              else:
                pass
              whole = __torch__.gnserve.plan.last(torch.to(torch.detach(weight), 15), )
              return ops.mkldnn._reorder_convolution_weight(whole, padding, stride, dilation, 1, shape)
            def pixels(input: Tensor,
                weight: Tensor,
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> int:
              h = torch.size(input, -2) + 2 * padding[0] - dilation[0] * (torch.size(weight, 2) - 1) - 1
              w = torch.size(input, -1) + 2 * padding[1] - dilation[1] * (torch.size(weight, 3) - 1) - 1
              return (torch.floordiv(h, stride[0]) + 1) * (torch.floordiv(w, stride[1]) + 1)
            def narrow(images: Tensor,
                weight: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              if torch.__isnot__(bias, None):
                added : Optional[Tensor] = torch.contiguous(torch.to(unchecked_cast(Tensor, bias), 15))
              else:
                added = bias
              return ops.mkldnn._convolution_pointwise(torch.to(images, 15), weight, added, padding, stride, dilation, 1, "none", annotate(List[Optional[number]], []), "")
            def quantized(wide: Tensor,
                low: float,
                step: float,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              zero = 0
              if low < 0.:
                zero = int(torch.round(torch.neg(low) / step)) + 1
              else:
                pass
              shifted = torch.add(torch.tensor(zero + 0.5, dtype=6), wide, alpha=1. / step, out=wide)
              input = torch.to(torch.to(shifted, 2), 0)
              scale = torch.select(scales, 0, 0)
              added : Optional[Tensor] = None
              if torch.__isnot__(bias, None):
                added = torch.contiguous(torch.to(unchecked_cast(Tensor, bias), 6))
              else:
                pass
              if torch.eq(zero, 0):
                output = __torch__.gnserve.integer.multiply(input, step, integers, scale, added, stride, padding, dilation, 15, )
              else:
                zeros = torch.mul(torch.select(scales, 0, 1), torch.neg(step) * zero)
                if torch.__isnot__(added, None):
                  zeros = torch.add(zeros, unchecked_cast(Tensor, added))
                else:
                  pass
                h = padding[0]
                w = padding[1]
                padded = __torch__.gnserve.plan.last(torch.constant_pad_nd(input, [w, w, h, h], zero), )
                output = __torch__.gnserve.integer.multiply(padded, step, integers, scale, zeros, stride, [0, 0], dilation, 15, )
              return output
            def image(input: Tensor,
                weight: Tensor,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              wide = torch.to(torch.detach(input), 6, False, True)
              low = ops.prim.min(float(torch.amin(wide, [0, 1, 2, 3])), 0.)
              range = ops.prim.max(float(torch.amax(wide, [0, 1, 2, 3])), 0.) - low
              sample = torch.slice(wide, 2, 0, 9223372036854775807, 4)
              if low < 0.:
                sample = torch.abs(sample)
              else:
                pass
              size = float(torch.mean(sample))
              step = ops.prim.max(range / 253., 1.0000000000000001e-30)
              if torch.__and__(range <= size * 253., size < 1.e+38):
                output = __torch__.gnserve.integer.quantized(wide, low, step, integers, scales, bias, stride, padding, dilation, )
              else:
                output = __torch__.gnserve.integer.narrow(input, weight, bias, stride, padding, dilation, )
              return output
            def each(images: Tensor,
                weight: Tensor,
                integers: Tensor,
                scales: Tensor,
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              outputs = annotate(List[Tensor], [])
              for i in range(torch.size(images, 0)):
                image = torch.slice(images, 0, i, i + 1, 1)
                _0 = torch.append(outputs, __torch__.gnserve.integer.image(image, weight, integers, scales, bias, stride, padding, dilation, ))
              if torch.eq(torch.len(outputs), 1):
                output = outputs[0]
              else:
                output = torch.cat(outputs)
              return output
            def convolve(input: Tensor,
                weight: Tensor,
                integers: Optional[Tensor],
                scales: Optional[Tensor],
                bias: Optional[Tensor],
                stride: List[int],
                padding: List[int],
                dilation: List[int]) -> Tensor:
              if torch.__is__(integers, None):
                output = torch.conv2d(torch.to(__torch__.gnserve.plan.last(input, ), 15), torch.to(weight, 15), __torch__.gnserve.narrow.narrow(bias, ), stride, padding, dilation, 1)
              else:
                single = torch.eq(torch.dim(input), 3)
                if single:
                  images = torch.unsqueeze(input, 0)
                else:
                  images = input
                n = torch.size(images, 0)
                if torch.eq(n, 0):
                  images = torch.new_zeros(images, [1, torch.size(images, 1), torch.size(images, 2), torch.size(images, 3)])
                else:
                  pass
                images = __torch__.gnserve.plan.last(images, )
                least = 256
                if torch.__and__(torch.eq(stride[0], 1), torch.eq(stride[1], 1)):
                  least = 64
                else:
                  pass
                if torch.ge(__torch__.gnserve.integer.pixels(images, weight, stride, padding, dilation, ), least):
                  output = __torch__.gnserve.integer.each(images, weight, unchecked_cast(Tensor, integers), unchecked_cast(Tensor, scales), bias, stride, padding, dilation, )
                else:
                  output = __torch__.gnserve.integer.narrow(images, weight, bias, stride, padding, dilation, )
                if torch.eq(n, 0):
                  output = torch.slice(output, 0, 0, 0, 1)
                else:
                  pass
                if single:
                  output = torch.squeeze(output, 0)
                else:
                  pass
              return output
            """;

    /**
     * A convolution with a weight that is known. It is computed in integers if the weight is one of {@link #weights}.
     *
     * @param module the expression for the module that has the weight, with a dot at its end
     * @param weight where the weight is
     * @param geometry stride, padding and dilation as written
     */
    private record Site(String module, Place weight, String geometry) {}

    /** An attribute of a class of modules. */
    private record Place(String type, String attribute) {}

    private final Evaluator evaluator;
    private final Program program;
    private final Map<String, PickledObject> examples = new HashMap<>();
    private final Set<String> closed = new HashSet<>();
    /** Names of attributes that code assigns, and of methods that are called on another object than the caller's own. */
    private final Set<String> assigned = new HashSet<>();

    private final Set<String> foreign = new HashSet<>();
    private final Map<SourceFile, Map<Call, Site>> sites = new HashMap<>();
    private final Map<Place, String> geometries = new HashMap<>();
    private final Set<StoredTensor> weights;

    /**
     * Finds the convolutions.
     *
     * @throws TorchScriptException if there is none, or the code is too complex to follow
     */
    IntegerConvolutions(TorchScriptArchive archive) {
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
            for (ClassType type : source.classes) {
                type.methods.forEach(this::find);
            }
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
        weights = new HashSet<>(ConvolutionWeights.of(
                archive,
                IntegerConvolutions::isWorthwhile,
                (file, call) -> sites.getOrDefault(file, Map.of()).containsKey(call)));
        // A tensor that a module has, too, which convolves with none of that name, has no attributes there.
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            instance.object().attributes().forEach((name, value) -> {
                if (!isConvolved(instance.object().className(), name)) {
                    weights.remove(value);
                }
            });
        }
        if (weights.isEmpty()) {
            throw new TorchScriptException(
                    "it has no convolution that gains: of images, with one group, a stride, padding and dilation"
                            + " written as numbers, a kernel of at most 3 x 3, " + LEAST_CHANNELS
                            + " channels or more, up to "
                            + BLOCK / 2 + " outputs or a multiple of " + BLOCK + " that is none of " + 3 * BLOCK + ", "
                            + LEAST_MULTIPLICATIONS
                            + " outputs times kernel or more, and a weight that is used for nothing else");
        }
    }

    /** The weights to quantize. */
    Set<StoredTensor> weights() {
        return weights;
    }

    /**
     * The lines of a method that prepare a weight and the attributes beside it.
     *
     * @param weight the expression {@code m3.weight}
     * @param type the class of the module that has it
     * @param known an expression for the same tensor that is prepared already; null for none
     */
    String preparation(String weight, String type, @Nullable String known) {
        int name = weight.lastIndexOf('.') + 1;
        String geometry = geometries.get(new Place(type, weight.substring(name)));
        String integers = beside(weight, INTEGERS);
        String scales = beside(weight, SCALES);
        if (known != null) {
            return assign(scales, beside(known, SCALES))
                    + assign(integers, beside(known, INTEGERS))
                    + assign(weight, known);
        }
        return assign(scales, "%sscales(%s, )".formatted(NAMESPACE, weight))
                + assign(integers, "%spacked(%s, %s, %s, )".formatted(NAMESPACE, weight, scales, geometry))
                + assign(weight, "%snarrowed(%s, %s, )".formatted(NAMESPACE, weight, geometry));
    }

    private static String assign(String target, String value) {
        return "    " + target + " = " + value + "\n";
    }

    /** The attribute beside a weight: {@code m3.gnserve_scales_weight} beside {@code m3.weight}. */
    private static String beside(String weight, String prefix) {
        int name = weight.lastIndexOf('.') + 1;
        return weight.substring(0, name) + prefix + weight.substring(name);
    }

    /** Whether the code convolves with an attribute of a class. */
    private boolean isConvolved(String type, Object attribute) {
        return geometries.containsKey(new Place(type, attribute.toString()));
    }

    /** Has a convolution computed by this class's functions; returns false, and changes nothing, if it is not one of these. */
    boolean replace(SourceFile source, Call call, Edits edits) {
        Site site = sites.getOrDefault(source, Map.of()).get(call);
        if (site == null) {
            return false;
        }
        List<Span> arguments = source.arguments(call.open());
        edits.replace(source.start(call.callee()), source.end(call.callee()), NAMESPACE + "convolve");
        String weight = site.module() + site.weight().attribute();
        edits.insert(
                source.end(arguments.get(1).to() - 1), ", " + beside(weight, INTEGERS) + ", " + beside(weight, SCALES));
        int from = source.end(arguments.get(2).to() - 1);
        edits.replace(from, source.end(arguments.get(arguments.size() - 1).to() - 1), ", " + site.geometry());
        return true;
    }

    /** Declares the new attributes in the classes of a file. */
    void declare(SourceFile source, Edits edits) {
        for (ClassType type : source.classes) {
            for (String name : added(type.qualifiedName)) {
                edits.insert(type.attributesAt, "  " + name + " : Optional[Tensor]\n");
            }
        }
    }

    /** The archive's data.pkl with the new attributes in every instance of the classes that have them. */
    byte[] withAttributes(TorchScriptArchive archive) {
        TreeMap<Integer, PickledObject> places = new TreeMap<>();
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            if (!added(instance.object().className()).isEmpty()) {
                places.putIfAbsent(instance.object().insertionPoint(), instance.object());
            }
        }
        byte[] pickle = archive.bytes("data.pkl", Integer.MAX_VALUE - 8);
        ByteArrayOutputStream out = new ByteArrayOutputStream(pickle.length + 64 * places.size());
        int at = 0;
        for (Map.Entry<Integer, PickledObject> place : places.entrySet()) {
            out.write(pickle, at, place.getKey() - at);
            at = place.getKey();
            for (String name : added(place.getValue().className())) {
                PickleOpcodes.text(out, name);
                PickleOpcodes.none(out);
            }
        }
        out.write(pickle, at, pickle.length - at);
        return out.toByteArray();
    }

    /** The attributes that a class gets. */
    private List<String> added(String type) {
        return geometries.keySet().stream()
                .filter(place -> place.type().equals(type))
                .flatMap(place -> Stream.of(INTEGERS + place.attribute(), SCALES + place.attribute()))
                .sorted()
                .toList();
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
            Span assigned = function.assigned(name);
            followed = assigned == null ? argument(function, name) : new Argument(function, assigned);
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

    private static boolean isWorthwhile(StoredTensor tensor) {
        List<Long> shape = tensor.shape();
        if (tensor.type() != TensorType.FLOAT32 || shape.size() != 4) {
            return false;
        }
        long outputs = shape.get(0);
        long channels = shape.get(1);
        long kernel = shape.get(2) * shape.get(3);
        boolean blocks = outputs <= BLOCK / 2 || (outputs % BLOCK == 0 && outputs % 3 != 0);
        return channels >= LEAST_CHANNELS
                && blocks
                && shape.get(2) <= LARGEST_KERNEL
                && shape.get(3) <= LARGEST_KERNEL
                && outputs * kernel >= LEAST_MULTIPLICATIONS
                && channels * kernel <= MOST_ADDED;
    }
}
