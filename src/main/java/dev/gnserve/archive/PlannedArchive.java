package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Span;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes an {@link ExecutionPlan} into an archive: the changed archive runs by the plan in any engine.
 *
 * <p>Each convolution changes the memory format of its input, and for bfloat16 and int8 the type of its
 * arguments. {@link WinogradConvolutions} and {@link QuantizedConvolutions} say which of them are computed otherwise. PyTorch's operators keep
 * both from there on, and a change to the format or type that a tensor has already costs nothing. {@link #PREPARE} converts weights once, after loading. Those that the code uses for nothing but convolutions
 * also get the memory format: otherwise each convolution would copy its weight.
 *
 * <p>With the channels innermost, PyTorch's Group Normalization on the CPU takes the variance as E[x²] - E[x]² and adds the pixels one
 * after the other, which loses digits where the mean or the image is large. In float32, the plan therefore computes it by another
 * formula, {@link #EXACT_NORM}, which is as exact as PyTorch's contiguous one for noise. In bfloat16 it stays: verification judges it.
 */
public final class PlannedArchive {

    /** A method of the root module without arguments, to be called once after loading where {@link #isPlanned}. */
    public static final String PREPARE = "gnserve_prepare";

    /** Another text of the plans makes another archive: what was measured with the one before does not hold for it. */
    public static final int VERSION = 5;

    private static final String FILE = "code/__torch__/gnserve/plan.py";
    private static final String NARROW_FILE = "code/__torch__/gnserve/narrow.py";
    private static final String LAST = "__torch__.gnserve.plan.last(";
    private static final String NARROW = "__torch__.gnserve.narrow.narrow(";

    /** The numbers of types in TorchScript. */
    private static final int FLOAT32 = 6;

    private static final int BFLOAT16 = 15;

    /** Memory format 2 is channels last for images, and 3 for volumes. */
    private static final String HELPERS = """
            def last(input: Tensor) -> Tensor:
              if torch.eq(torch.dim(input), 4):
                output = torch.contiguous(input, memory_format=2)
              else:
                if torch.eq(torch.dim(input), 5):
                  output = torch.contiguous(input, memory_format=3)
                else:
                  output = input
              return output
            """;

    /**
     * Group Normalization of float32 with the channels innermost. Several pixels are seen as one of more channels, so that each
     * sum is short. {@code batch_norm_update_stats} takes the mean of each of these channels, and then the variance about it. Float64
     * combines them to those of the groups by the formula of Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm
     * for computing sample variances". What has another type or format, or sums that stay long, goes contiguous to PyTorch's own
     * operator. Measured error of noise: below 5 units of the bound in {@code Tolerance}, at every ratio of mean to deviation up to 1e4 and
     * up to 768 x 768 pixels. {@code Tolerance} says how much more it is where most pixels are equal.
     */
    private static final String EXACT_NORM = """
            def exact_group_norm(input: Tensor,
                num_groups: int,
                weight: Optional[Tensor]=None,
                bias: Optional[Tensor]=None,
                eps: float=1.0000000000000001e-05,
                cudnn_enabled: bool=True) -> Tensor:
              dim = torch.dim(input)
              innermost = False
              pixels = 1
              merged = 1
              if torch.__and__(torch.ge(dim, 4), torch.eq(ops.prim.dtype(input), 6)):
                inner = torch.movedim(input, 1, -1)
                innermost = torch.__and__(torch.is_contiguous(inner), torch.__not__(torch.is_contiguous(input)))
              else:
                inner = input
              n = torch.size(input, 0)
              c = torch.size(input, 1)
              if innermost:
                pixels = torch.floordiv(torch.numel(input), torch.mul(n, c))
                merging = True
                while merging:
                  merging = pixels > merged * merged * c and 2 * merged * c <= 2048 and pixels % (2 * merged) == 0
                  if merging:
                    merged = torch.mul(merged, 2)
                  else:
                    pass
                innermost = torch.le(torch.floordiv(pixels, merged), 8 * merged * c)
              else:
                pass
              if innermost:
                rows = torch.reshape(inner, [n, torch.floordiv(pixels, merged), torch.mul(merged, c)])
                means = annotate(List[Tensor], [])
                variances = annotate(List[Tensor], [])
                for i in range(n):
                  mean, variance = torch.batch_norm_update_stats(torch.select(rows, 0, i), None, None, 0.)
                  _0 = torch.append(means, mean)
                  _1 = torch.append(variances, variance)
                each = torch.floordiv(c, num_groups)
                split = [n, merged, num_groups, each]
                wide = torch.to(torch.view(torch.cat(means), split), 7)
                between, center = torch.var_mean(wide, [1, 3], correction=0, keepdim=True)
                within = torch.mean(torch.view(torch.cat(variances), split), [1, 3], True, dtype=7)
                scale = torch.rsqrt(torch.add(torch.add(between, within), eps))
                if torch.__isnot__(weight, None):
                  scale = torch.mul(scale, torch.view(unchecked_cast(Tensor, weight), [num_groups, each]))
                else:
                  pass
                if torch.__isnot__(bias, None):
                  shift = torch.sub(torch.view(unchecked_cast(Tensor, bias), [num_groups, each]), torch.mul(center, scale))
                else:
                  shift = torch.neg(torch.mul(center, scale))
                scale = torch.reshape(torch.expand(torch.to(scale, 6), split), [n, 1, torch.mul(merged, c)])
                shift = torch.reshape(torch.expand(torch.to(shift, 6), split), [n, 1, torch.mul(merged, c)])
                normalized = torch.view(torch.addcmul(shift, rows, scale), torch.size(inner))
                output = torch.movedim(normalized, -1, 1)
              else:
                output = torch.group_norm(torch.contiguous(input), num_groups, weight, bias, eps, cudnn_enabled)
              return output
            """;

    private static final String NARROW_HELPER = """
            def narrow(value: Optional[Tensor]) -> Optional[Tensor]:
              if torch.__isnot__(value, None):
                narrowed : Optional[Tensor] = torch.to(unchecked_cast(Tensor, value), 15)
              else:
                narrowed = value
              return narrowed
            """;

    private static final Set<String> CONVOLUTIONS = Set.of(
            "torch._convolution",
            "torch._convolution_mode",
            "torch.convolution",
            "torch.conv1d",
            "torch.conv2d",
            "torch.conv3d",
            "torch.conv_transpose1d",
            "torch.conv_transpose2d",
            "torch.conv_transpose3d");

    /** Operators that do not convert their arguments to one type. */
    private static final Set<String> FLOAT32_ONLY = Set.of("torch.linear");

    private PlannedArchive() {}

    /** Whether a plan was written into an archive. It has the method {@link #PREPARE} then. */
    public static boolean isPlanned(TorchScriptArchive archive) {
        return archive.has(FILE);
    }

    /**
     * The archive with a plan; the same archive as exported.
     *
     * @throws TorchScriptException if the plan cannot be written into this archive, with the reason
     */
    public static TorchScriptArchive of(TorchScriptArchive archive, ExecutionPlan plan) {
        if (plan == ExecutionPlan.AS_EXPORTED) {
            return archive;
        }
        Function forward = archive.forwardFunction();
        ClassType root = forward == null ? null : forward.owner;
        if (root == null) {
            throw new TorchScriptException("the root module has no method forward");
        }
        if (plan.isNarrow()) {
            requireFloat32(archive, plan);
        }
        QuantizedConvolutions quantized = plan == ExecutionPlan.INT8 ? new QuantizedConvolutions(archive) : null;
        Weights weights =
                new Weights(plan.isNarrow(), winogradWeights(archive, plan), quantized, convolutionWeights(archive));
        Map<String, byte[]> changed = new HashMap<>();
        int convolutions = 0;
        for (SourceFile source : archive.sources()) {
            Edits edits = new Edits();
            convolutions += convolve(source, plan, quantized, edits);
            if (quantized != null) {
                quantized.declare(source, edits);
            }
            if (source == root.file) {
                boolean lineEnded = root.end > 0 && source.text.charAt(root.end - 1) == '\n';
                edits.insert(root.end, (lineEnded ? "" : "\n") + prepare(archive, root.qualifiedName, weights));
            }
            String text = edits.apply(source.text);
            if (!text.equals(source.text)) {
                changed.put(source.entry, text.getBytes(StandardCharsets.UTF_8));
            }
        }
        if (convolutions == 0) {
            throw new TorchScriptException("its code calls no convolution that a plan could change");
        }
        changed.put(FILE, (HELPERS + EXACT_NORM).getBytes(StandardCharsets.UTF_8));
        if (plan == ExecutionPlan.WINOGRAD) {
            changed.put(WinogradConvolutions.FILE, WinogradConvolutions.HELPERS.getBytes(StandardCharsets.UTF_8));
        }
        if (quantized != null) {
            changed.put(QuantizedConvolutions.FILE, QuantizedConvolutions.HELPERS.getBytes(StandardCharsets.UTF_8));
            changed.put("data.pkl", quantized.withAttributes(archive));
        }
        if (plan.isNarrow()) {
            changed.put(NARROW_FILE, NARROW_HELPER.getBytes(StandardCharsets.UTF_8));
        }
        return archive.with(changed);
    }

    /** A network of another type would mix three types. */
    private static void requireFloat32(TorchScriptArchive archive, ExecutionPlan plan) {
        List<TensorType> types = archive.parameters().stream()
                .map(TorchScriptArchive.Parameter::tensor)
                .filter(PlannedArchive::isOfConvolution)
                .map(StoredTensor::type)
                .distinct()
                .toList();
        if (!types.isEmpty() && !types.equals(List.of(TensorType.FLOAT32))) {
            throw new TorchScriptException("the weights of its convolutions have the types " + types + ", and " + plan
                    + " needs float32 there");
        }
    }

    private static boolean isOfConvolution(StoredTensor tensor) {
        return tensor.shape().size() > 2;
    }

    /**
     * Changes the arguments of convolutions, and for bfloat16 and int8 those of linear layers, else the operator of Group Normalization. Returns the
     * number of convolutions.
     */
    private static int convolve(
            SourceFile source, ExecutionPlan plan, @Nullable QuantizedConvolutions quantized, Edits edits) {
        boolean narrow = plan.isNarrow();
        int convolutions = 0;
        for (Function function : functions(source)) {
            for (Call call : function.calls()) {
                String callee = source.token(call.callee());
                List<Span> arguments = source.arguments(call.open());
                if (isConvolution(source, call)) {
                    convolutions++;
                    boolean replaced = quantized != null && quantized.replace(source, call, edits);
                    if (narrow && !replaced) {
                        wrap(source, arguments.get(0), "torch.to(" + LAST, ", ), " + BFLOAT16 + ")", edits);
                        wrap(source, arguments.get(1), "torch.to(", ", " + BFLOAT16 + ")", edits);
                        wrap(source, arguments.get(2), NARROW, ", )", edits);
                    } else if (plan == ExecutionPlan.WINOGRAD && WinogradConvolutions.isTaken(source, call)) {
                        WinogradConvolutions.replace(source, call, edits);
                    } else if (!narrow) {
                        wrap(source, arguments.get(0), LAST, ", )", edits);
                    }
                } else if (!narrow && callee.equals(NormalizationKind.GROUP_NORM.operator())) {
                    edits.replace(
                            source.start(call.callee()), source.end(call.callee()), NormalizationKind.EXACT_GROUP_NORM);
                } else if (narrow && FLOAT32_ONLY.contains(callee) && !arguments.isEmpty()) {
                    wrap(source, arguments.get(0), "torch.to(", ", " + FLOAT32 + ")", edits);
                }
            }
        }
        return convolutions;
    }

    private static boolean isConvolution(SourceFile source, Call call) {
        return CONVOLUTIONS.contains(source.token(call.callee()))
                && source.arguments(call.open()).size() > 2;
    }

    private static void wrap(SourceFile source, Span argument, String before, String after, Edits edits) {
        edits.insert(source.start(argument.from()), before);
        edits.insert(source.end(argument.to() - 1), after);
    }

    private static List<Function> functions(SourceFile source) {
        return Stream.concat(source.functions.stream(), source.classes.stream().flatMap(type -> type.methods.stream()))
                .toList();
    }

    private static Set<StoredTensor> winogradWeights(TorchScriptArchive archive, ExecutionPlan plan) {
        if (plan != ExecutionPlan.WINOGRAD) {
            return Set.of();
        }
        Set<StoredTensor> weights = WinogradConvolutions.weights(archive);
        if (weights.isEmpty()) {
            throw new TorchScriptException(
                    "it has no convolution of 3 x 3 pixels, stride 1, padding 1 and one group, with 64 channels or more"
                            + " on both sides and a weight that is used for nothing else");
        }
        return weights;
    }

    /** Of images and volumes, with more than one pixel and one channel: of others, all formats are the same. */
    private static boolean isReformatted(StoredTensor tensor) {
        List<Long> shape = tensor.shape();
        return (shape.size() == 4 || shape.size() == 5)
                && shape.get(1) > 1
                && shape.subList(2, shape.size()).stream().anyMatch(pixels -> pixels > 1);
    }

    private static Set<StoredTensor> convolutionWeights(TorchScriptArchive archive) {
        try {
            return ConvolutionWeights.of(archive, PlannedArchive::isOfConvolution, PlannedArchive::isConvolution);
        } catch (TorchScriptException e) {
            // Code that is too complex to follow: weights stay, which costs a copy of each in each pass.
            return Set.of();
        }
    }

    /**
     * What becomes of weights.
     *
     * @param narrow whether convolutions take bfloat16
     * @param winograd those to be transformed
     * @param quantized those that get integers beside them; null for none
     * @param convolved those that the code uses for nothing but convolutions; others stay
     */
    private record Weights(
            boolean narrow,
            Set<StoredTensor> winograd,
            @Nullable QuantizedConvolutions quantized,
            Set<StoredTensor> convolved) {

        /** The expression for a weight in its new form; the weight itself if it stays. */
        String converted(String weight, StoredTensor tensor) {
            if (winograd.contains(tensor)) {
                return WinogradConvolutions.TRANSFORMED + "(" + weight + ", )";
            }
            if (!convolved.contains(tensor)) {
                return weight;
            }
            String typed = narrow ? "torch.to(" + weight + ", " + BFLOAT16 + ")" : weight;
            String formatted = isReformatted(tensor) ? LAST + typed + ", )" : typed;
            return formatted.equals(weight) ? weight : "torch.detach(" + formatted + ")";
        }
    }

    /** A method that converts weights. What two modules share stays one tensor. */
    private static String prepare(TorchScriptArchive archive, String rootType, Weights weights) {
        StringBuilder body = new StringBuilder();
        Map<StoredTensor, String> converted = new HashMap<>();
        List<ModuleTree.Instance> modules = reachable(archive);
        for (int number = 0; number < modules.size(); number++) {
            ModuleTree.Instance instance = modules.get(number);
            String module = "m" + number;
            StringBuilder lines = new StringBuilder();
            instance.object().attributes().forEach((name, value) -> {
                if (value instanceof StoredTensor tensor && ConvolutionWeights.isAssignable(name)) {
                    String weight = module + "." + name;
                    QuantizedConvolutions quantized = weights.quantized();
                    if (quantized != null && quantized.weights().contains(tensor)) {
                        lines.append(
                                quantized.preparation(weight, instance.object().className(), converted.get(tensor)));
                        converted.putIfAbsent(tensor, weight);
                        return;
                    }
                    String form = weights.converted(weight, tensor);
                    if (!form.equals(weight)) {
                        String known = converted.putIfAbsent(tensor, weight);
                        lines.append("    %s = %s\n".formatted(weight, known == null ? form : known));
                    }
                }
            });
            if (!lines.isEmpty()) {
                body.append("    ")
                        .append(module)
                        .append(" = ")
                        .append(reach(instance.path()))
                        .append('\n')
                        .append(lines);
            }
        }
        return "  def %s(self: %s) -> NoneType:\n%s    return None\n".formatted(PREPARE, rootType, body);
    }

    /** The modules that code reaches by their attributes alone: not those behind an optional or an interface. */
    private static List<ModuleTree.Instance> reachable(TorchScriptArchive archive) {
        Program program = new Program(archive.sources());
        Map<String, ModuleTree.Instance> byPath = new HashMap<>();
        List<ModuleTree.Instance> reachable = new ArrayList<>();
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            String path = instance.path();
            int dot = path.lastIndexOf('.');
            ModuleTree.Instance parent = byPath.get(dot < 0 ? "" : path.substring(0, dot));
            ClassType type = parent == null ? null : program.classOf(parent.object());
            boolean declared = type != null
                    && instance.object().className().equals(type.attributeTypes.get(path.substring(dot + 1)));
            if (path.isEmpty() || declared) {
                byPath.put(path, instance);
                reachable.add(instance);
            }
        }
        return reachable;
    }

    /** The expression for a module: {@code getattr(getattr(self, "down"), "0")}. */
    private static String reach(String path) {
        String expression = "self";
        for (String name : path.isEmpty() ? new String[0] : path.split("\\.")) {
            expression = "getattr(%s, \"%s\")".formatted(expression, name);
        }
        return expression;
    }
}
