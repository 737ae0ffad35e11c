package dev.gnserve.archive;

import dev.gnserve.archive.SourceFile.Call;
import dev.gnserve.archive.SourceFile.ClassType;
import dev.gnserve.archive.SourceFile.Function;
import dev.gnserve.archive.SourceFile.Span;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Writes an {@link ExecutionPlan} into an archive: the changed archive runs by the plan in any engine.
 *
 * <p>Each convolution changes the memory format of its input, and for bfloat16 the type of its arguments. PyTorch's operators keep
 * both from there on, and a change to the format or type that a tensor has already costs nothing. {@link #PREPARE} converts the
 * large weights once, after loading.
 *
 * <p>With the channels innermost, PyTorch's Group Normalization on the CPU takes the variance as E[x²] - E[x]² and adds the pixels one
 * after the other, which loses digits where the mean or the image is large. Verification finds that; the plan does not change it.
 */
public final class PlannedArchive {

    /** A method of the root module without arguments, to be called once after loading where {@link #isToPrepare}. */
    public static final String PREPARE = "gnserve_prepare";

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

    /** Whether an archive with a plan has the method {@link #PREPARE}. */
    public static boolean isToPrepare(TorchScriptArchive archive) {
        return archive.has(NARROW_FILE);
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
        boolean narrow = plan == ExecutionPlan.BFLOAT16;
        if (narrow) {
            requireFloat32(archive);
        }
        Map<String, byte[]> changed = new HashMap<>();
        int convolutions = 0;
        for (SourceFile source : archive.sources()) {
            Edits edits = new Edits();
            convolutions += convolve(source, narrow, edits);
            if (narrow && source == root.file) {
                boolean lineEnded = root.end > 0 && source.text.charAt(root.end - 1) == '\n';
                edits.insert(root.end, (lineEnded ? "" : "\n") + prepare(archive, root.qualifiedName));
            }
            String text = edits.apply(source.text);
            if (!text.equals(source.text)) {
                changed.put(source.entry, text.getBytes(StandardCharsets.UTF_8));
            }
        }
        if (convolutions == 0) {
            throw new TorchScriptException("its code calls no convolution that a plan could change");
        }
        changed.put(FILE, HELPERS.getBytes(StandardCharsets.UTF_8));
        if (narrow) {
            changed.put(NARROW_FILE, NARROW_HELPER.getBytes(StandardCharsets.UTF_8));
        }
        return archive.with(changed);
    }

    /** A network of another type would mix three types. */
    private static void requireFloat32(TorchScriptArchive archive) {
        List<TensorType> types = archive.parameters().stream()
                .map(TorchScriptArchive.Parameter::tensor)
                .filter(PlannedArchive::isOfConvolution)
                .map(StoredTensor::type)
                .distinct()
                .toList();
        if (!types.isEmpty() && !types.equals(List.of(TensorType.FLOAT32))) {
            throw new TorchScriptException(
                    "the weights of its convolutions have the types " + types + ", and bfloat16 needs float32 there");
        }
    }

    private static boolean isOfConvolution(StoredTensor tensor) {
        return tensor.shape().size() > 2;
    }

    /** Changes the arguments of convolutions, and for bfloat16 those of linear layers. Returns the number of convolutions. */
    private static int convolve(SourceFile source, boolean narrow, Edits edits) {
        int convolutions = 0;
        for (Function function : functions(source)) {
            for (Call call : function.calls()) {
                String callee = source.token(call.callee());
                List<Span> arguments = source.arguments(call.open());
                if (CONVOLUTIONS.contains(callee) && arguments.size() > 2) {
                    convolutions++;
                    if (narrow) {
                        wrap(source, arguments.get(0), "torch.to(" + LAST, ", ), " + BFLOAT16 + ")", edits);
                        wrap(source, arguments.get(1), "torch.to(", ", " + BFLOAT16 + ")", edits);
                        wrap(source, arguments.get(2), NARROW, ", )", edits);
                    } else {
                        wrap(source, arguments.get(0), LAST, ", )", edits);
                    }
                } else if (narrow && FLOAT32_ONLY.contains(callee) && !arguments.isEmpty()) {
                    wrap(source, arguments.get(0), "torch.to(", ", " + FLOAT32 + ")", edits);
                }
            }
        }
        return convolutions;
    }

    private static void wrap(SourceFile source, Span argument, String before, String after, Edits edits) {
        edits.insert(source.start(argument.from()), before);
        edits.insert(source.end(argument.to() - 1), after);
    }

    private static List<Function> functions(SourceFile source) {
        return Stream.concat(source.functions.stream(), source.classes.stream().flatMap(type -> type.methods.stream()))
                .toList();
    }

    /** Converts every float32 weight of a convolution. */
    private static String prepare(TorchScriptArchive archive, String rootType) {
        StringBuilder body = new StringBuilder();
        int number = 0;
        for (ModuleTree.Instance instance : archive.modules().instances()) {
            String module = "m" + number++;
            StringBuilder weights = new StringBuilder();
            instance.object().attributes().forEach((name, value) -> {
                if (value instanceof StoredTensor tensor
                        && isOfConvolution(tensor)
                        && name.toString().matches("[A-Za-z_]\\w*")) {
                    weights.append("    %1$s.%2$s = torch.detach(torch.to(%1$s.%2$s, %3$d))\n"
                            .formatted(module, name, BFLOAT16));
                }
            });
            if (!weights.isEmpty()) {
                body.append("    ")
                        .append(module)
                        .append(" = ")
                        .append(reach(instance.path()))
                        .append('\n')
                        .append(weights);
            }
        }
        return "  def %s(self: %s) -> NoneType:\n%s    return None\n".formatted(PREPARE, rootType, body);
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
