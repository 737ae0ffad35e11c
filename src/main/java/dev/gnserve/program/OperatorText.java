package dev.gnserve.program;

import dev.gnserve.archive.TorchScriptException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Writes what a node calls in TorchScript. */
final class OperatorText {

    private static final Pattern OPERATOR =
            Pattern.compile("torch\\.ops\\.([A-Za-z_]\\w*)\\.([A-Za-z_]\\w*)(\\.[A-Za-z_]\\w*)?");

    /** Functions of Python on sizes, numbers and truth values; %1$s and %2$s are the arguments. */
    private static final Map<String, String> ON_NUMBERS = Map.ofEntries(
            Map.entry("_operator.add", "torch.add(%s, %s)"),
            Map.entry("_operator.sub", "torch.sub(%s, %s)"),
            Map.entry("_operator.mul", "torch.mul(%s, %s)"),
            Map.entry("_operator.floordiv", "torch.floordiv(%s, %s)"),
            Map.entry("_operator.truediv", "torch.div(%s, %s)"),
            Map.entry("_operator.mod", "torch.remainder(%s, %s)"),
            Map.entry("_operator.pow", "torch.pow(%s, %s)"),
            Map.entry("_operator.neg", "torch.neg(%s)"),
            Map.entry("_operator.pos", "%s"),
            Map.entry("_operator.eq", "torch.eq(%s, %s)"),
            Map.entry("_operator.ne", "torch.ne(%s, %s)"),
            Map.entry("_operator.lt", "torch.lt(%s, %s)"),
            Map.entry("_operator.le", "torch.le(%s, %s)"),
            Map.entry("_operator.gt", "torch.gt(%s, %s)"),
            Map.entry("_operator.ge", "torch.ge(%s, %s)"),
            Map.entry("_operator.and_", "torch.__and__(%s, %s)"),
            Map.entry("_operator.or_", "torch.__or__(%s, %s)"),
            Map.entry("_operator.lshift", "torch.__lshift__(%s, %s)"),
            Map.entry("_operator.rshift", "torch.__rshift__(%s, %s)"),
            Map.entry("torch.sym_not", "torch.__not__(%s)"),
            Map.entry("torch.sym_int", "int(%s)"),
            Map.entry("torch.sym_float", "float(%s)"),
            Map.entry("torch.sym_ite", "(%2$s if %1$s else %3$s)"),
            Map.entry("torch.sym_max", "ops.prim.max(%s, %s)"),
            Map.entry("torch.sym_min", "ops.prim.min(%s, %s)"),
            Map.entry("torch.sym_sqrt", "torch.sqrt(float(%s))"),
            Map.entry("torch._sym_sqrt", "torch.sqrt(float(%s))"),
            Map.entry("math.trunc", "int(%s)"),
            Map.entry("math.floor", "torch.floor(%s)"),
            Map.entry("math.ceil", "torch.ceil(%s)"));

    /** Operators with other names in TorchScript. */
    private static final Map<String, String> RENAMED = Map.of(
            "sym_size", "size",
            "sym_numel", "numel",
            "sym_stride", "stride",
            "sym_storage_offset", "storage_offset",
            "sym_is_contiguous", "is_contiguous");

    /** Operators that only check or inform. Sizes are checked at the inputs. */
    private static final Set<String> WITHOUT_EFFECT = Set.of(
            "_assert_tensor_metadata",
            "sym_constrain_range",
            "sym_constrain_range_for_size",
            "_functional_assert_scalar");

    /** Namespaces whose operators libtorch may have. */
    private static final Set<String> NAMESPACES = Set.of("aten", "prim", "torchvision", "quantized");

    /** Normalizations, which are written into the module that owns them, so that reports name it. */
    private static final Set<String> NORMALIZATIONS = Set.of(
            "group_norm",
            "native_group_norm",
            "batch_norm",
            "_native_batch_norm_legit_no_training",
            "layer_norm",
            "native_layer_norm",
            "instance_norm");

    /**
     * Operators whose result may share the memory of their first argument: those whose schema says so (PyTorch 2.7.1), and those that
     * return it where there is nothing to do.
     */
    private static final Set<String> VIEWS = Set.of(
            "_autocast_to_full_precision",
            "_autocast_to_reduced_precision",
            "_conj",
            "_neg_view",
            "_reshape_alias",
            "adjoint",
            "alias",
            "align_to",
            "alpha_dropout",
            "as_strided",
            "broadcast_to",
            "chunk",
            "conj",
            "contiguous",
            "cpu",
            "detach",
            "diagonal",
            "dropout",
            "dsplit",
            "expand",
            "expand_as",
            "feature_alpha_dropout",
            "feature_dropout",
            "flatten",
            "hsplit",
            "imag",
            "lift_fresh",
            "linalg_diagonal",
            "mH",
            "mT",
            "matrix_H",
            "moveaxis",
            "movedim",
            "narrow",
            "numpy_T",
            "permute",
            "positive",
            "ravel",
            "real",
            "rename",
            "reshape",
            "reshape_as",
            "resolve_conj",
            "resolve_neg",
            "select",
            "slice",
            "split",
            "split_with_sizes",
            "squeeze",
            "swapaxes",
            "swapdims",
            "t",
            "tensor_split",
            "to",
            "transpose",
            "type_as",
            "unbind",
            "unflatten",
            "unfold",
            "unsqueeze",
            "view",
            "view_as",
            "view_as_complex",
            "view_as_real",
            "vsplit");

    private static final Set<String> HARMLESS_IN_PLACE = Set.of("detach_", "requires_grad_");

    /** @param name without overload: {@code conv2d} */
    record Operator(String namespace, String name) {

        /** The callee in TorchScript. */
        String callee() {
            return namespace.equals("aten")
                    ? "torch." + RENAMED.getOrDefault(name, name)
                    : "ops." + namespace + "." + name;
        }

        boolean isNormalization() {
            return namespace.equals("aten") && NORMALIZATIONS.contains(name);
        }

        boolean hasNoEffect() {
            return namespace.equals("aten") && WITHOUT_EFFECT.contains(name);
        }

        /** Whether the result may share memory with the first argument. */
        boolean isView() {
            return VIEWS.contains(name);
        }

        /** Whether it changes its first argument. */
        boolean changesFirst() {
            return name.endsWith("_") && !name.endsWith("__") && !HARMLESS_IN_PLACE.contains(name);
        }

        @Override
        public String toString() {
            return namespace + "::" + name;
        }
    }

    private OperatorText() {}

    static boolean isOnNumbers(String target) {
        return ON_NUMBERS.containsKey(target);
    }

    /** The text of a call of a function on numbers. */
    static String onNumbers(String target, List<String> arguments) {
        String pattern = ON_NUMBERS.getOrDefault(target, "");
        long expected = target.equals("torch.sym_ite") ? 3 : pattern.split("%", -1).length - 1L;
        if (arguments.size() != expected) {
            throw ProgramJson.damaged("a call of " + target + " has " + arguments.size() + " arguments");
        }
        return pattern.formatted(arguments.toArray());
    }

    /**
     * The operator of a node.
     *
     * @param writer version of PyTorch that wrote the program
     * @throws TorchScriptException if libtorch cannot have it
     */
    static Operator of(String target, String writer) {
        if (target.equals("torch.ops.aten.view.dtype")) { // By its arguments, TorchScript takes it for view(size).
            throw new TorchScriptException("the program, written by torch " + writer
                    + ", reads the memory of a tensor as another type (view with a dtype), which TorchScript does not have."
                    + " Export the model without it");
        }
        Matcher matcher = OPERATOR.matcher(target);
        if (matcher.matches() && NAMESPACES.contains(matcher.group(1))) {
            return new Operator(matcher.group(1), matcher.group(2));
        }
        String shown = target.length() > 200 ? target.substring(0, 200) + "..." : target;
        throw new TorchScriptException("the program, written by torch " + writer + ", calls " + shown
                + ", which libtorch does not have outside of Python. Export the model without it");
    }
}
