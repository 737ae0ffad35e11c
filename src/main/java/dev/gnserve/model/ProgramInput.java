package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Resize;
import dev.gnserve.model.NamedInputs.NamedInput;
import dev.gnserve.program.ProgramFacts;
import dev.gnserve.program.ProgramFacts.Axis;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The inputs of a model that was made from a program of {@code torch.export}, as the program declares them. Immutable. */
public final class ProgramInput {

    /** The engine's Java binding has no bfloat16; the archive converts its input. */
    private static final Map<String, ElementType> TYPES = Map.of(
            "float32", ElementType.FP32,
            "bfloat16", ElementType.FP32,
            "float16", ElementType.FP16,
            "float64", ElementType.FP64,
            "int64", ElementType.INT64,
            "int32", ElementType.INT32,
            "int8", ElementType.INT8,
            "uint8", ElementType.UINT8,
            "bool", ElementType.BOOL);

    private static final Pattern NUMBER = Pattern.compile("\\b(int|float|bool|str|number|Scalar)\\b");

    private final ProgramFacts facts;
    private final List<ElementType> types;

    private ProgramInput(ProgramFacts facts, List<ElementType> types) {
        this.facts = facts;
        this.types = List.copyOf(types);
    }

    /** As {@link #of(TorchScriptArchive)}; null also if the archive cannot be read, because loading it says why. */
    static @Nullable ProgramInput of(ArchiveSnapshot archive) {
        TorchScriptArchive read;
        try {
            read = archive.torchScript();
        } catch (TorchScriptException e) {
            return null;
        }
        return of(read);
    }

    /**
     * The inputs of an archive; null if it was not made from a program.
     *
     * @throws TorchScriptException if the program takes no tensor, a number, or a tensor of a type that cannot be given
     */
    public static @Nullable ProgramInput of(TorchScriptArchive archive) {
        ProgramFacts facts = ProgramFacts.of(archive);
        if (facts == null) {
            return null;
        }
        for (ForwardSignature.Input argument : archive.forward().inputs()) {
            if (NUMBER.matcher(argument.type().replace("Dict[str,", "Dict[")).find()) {
                throw new TorchScriptException("the program takes " + argument.name() + " of type " + argument.type()
                        + ", but only tensors can be given. Export it with a number that is fixed, or as a tensor");
            }
        }
        if (facts.inputs().isEmpty()) {
            throw new TorchScriptException("the program takes no tensor. Export a model that takes one or more");
        }
        List<ElementType> types = new ArrayList<>();
        for (ProgramFacts.Tensor input : facts.inputs()) {
            ElementType type = TYPES.get(input.type());
            if (type == null) {
                throw new TorchScriptException("the program takes " + input.name() + " of type " + input.type()
                        + ", allowed are " + TYPES.keySet().stream().sorted().toList()
                        + ". Convert it in the model and export that");
            }
            types.add(type);
        }
        return new ProgramInput(facts, types);
    }

    /** Why a program does not load. An operator that takes other arguments than in the engine gets the version that has it. */
    RuntimeException notLoaded(FailureException refusal) {
        String detail = refusal.failure().detail();
        return detail.contains("Arguments for call are not valid")
                ? new TorchScriptException(
                        "the program, written by torch " + facts.torchVersion()
                                + ", calls an operator with arguments that the engine does not know. Export it with an older"
                                + " version of PyTorch, or after program.run_decompositions(): " + detail,
                        refusal)
                : refusal;
    }

    /**
     * Requires that the engine has all operators of a program: each call runs in every pass, other than in a scripted model.
     *
     * @param replaced the operators that the engine does not have
     * @throws TorchScriptException naming one that cannot be computed, and the PyTorch that has it
     */
    void requireOperators(List<RepairedArchive.Replacement> replaced) {
        replaced.stream()
                .filter(replacement -> !replacement.defined())
                .findFirst()
                .ifPresent(missing -> {
                    throw new TorchScriptException("the program, written by torch "
                            + facts.torchVersion() + ", calls " + missing.operator()
                            + ", which the engine does not have. Export it again after program.run_decompositions(), or"
                            + " with a model that does not use this operator");
                });
    }

    /** The inputs by name; null if a batch of one tensor is the only argument. */
    @Nullable
    NamedInputs named() {
        if (takesOneBatch()) {
            return null;
        }
        List<List<TensorShape>> shapes = shapes();
        List<NamedInput> inputs = new ArrayList<>();
        for (int i = 0; i < types.size(); i++) {
            int place = i;
            inputs.add(new NamedInput(
                    facts.inputs().get(i).name(),
                    types.get(i),
                    shapes.stream().map(together -> together.get(place)).toList()));
        }
        return new NamedInputs(inputs, isWhole());
    }

    /** Whether a batch of one tensor is the only argument. */
    public boolean takesOneBatch() {
        return types.size() == 1 && !isWhole() && isArgument(first());
    }

    /** Whether the tensor is an argument itself, not a part of one. */
    private static boolean isArgument(ProgramFacts.Tensor input) {
        return input.name().indexOf('.') < 0;
    }

    /** Whether a request is one pass, because not all tensors begin with the batch. */
    private boolean isWhole() {
        return Boolean.FALSE.equals(facts.batched());
    }

    private ProgramFacts.Tensor first() {
        return facts.inputs().get(0);
    }

    /** The name of the first input. */
    String name() {
        return first().name();
    }

    /** The type in which requests give the values of the first input. */
    ElementType type() {
        return types.get(0);
    }

    /** The sizes of an output, {@link TensorSpec#FREE} where they are free; null if the program does not name it. */
    @Nullable
    List<Integer> outputAxes(String name) {
        return facts.outputs().stream()
                .filter(output -> output.name().equals(name))
                .findFirst()
                .map(output -> output.axes().stream()
                        .map(axis -> axis.isFixed() ? size(axis.size()) : TensorSpec.FREE)
                        .toList())
                .orElse(null);
    }

    /** Whether the only input can be a batch of images. */
    boolean takesImages() {
        List<Axis> axes = first().axes();
        boolean real = first().type().contains("float");
        return types.size() == 1
                && isArgument(first())
                && real
                && axes.size() == 4
                && axes.get(1).isFixed()
                && axes.get(1).size() <= ChannelOrder.Stored.MOST;
    }

    /** The largest batch. */
    int mostAtOnce() {
        if (first().axes().isEmpty()) {
            return 1;
        }
        Axis batch = first().axes().get(0);
        Long most = batch.isFixed() ? (Long) batch.size() : batch.largest();
        return most == null ? Integer.MAX_VALUE : (int) Math.max(1, Math.min(Integer.MAX_VALUE, most));
    }

    /**
     * Shapes of all inputs that go together, without the batch axis unless the inputs are whole: those of the export's example, and
     * some that differ in all free axes if there are any.
     */
    List<List<TensorShape>> shapes() {
        List<List<TensorShape>> shapes = new ArrayList<>();
        shapes.add(shapes(0));
        boolean known = facts.inputs().stream()
                .flatMap(input -> axes(input).stream())
                .allMatch(axis -> axis.isFixed() || axis.symbol() != null);
        for (int step : new int[] {1, -1}) {
            List<TensorShape> other = known ? shapes(step) : shapes.get(0);
            boolean taken = IntStream.range(0, other.size())
                    .allMatch(i -> refusal(facts.inputs().get(i), other.get(i)) == null);
            if (shapes.size() == 1 && !other.equals(shapes.get(0)) && taken) {
                shapes.add(other);
            }
        }
        return shapes;
    }

    /** The axes of which requests choose the size. */
    private List<Axis> axes(ProgramFacts.Tensor input) {
        return isWhole() ? input.axes() : input.axes().subList(1, input.axes().size());
    }

    /** The example's sizes, each free axis changed by one step. */
    private List<TensorShape> shapes(int step) {
        return facts.inputs().stream()
                .map(input -> TensorShape.of(axes(input).stream()
                        .mapToInt(axis ->
                                size(Math.max(0, axis.size() + (axis.isFixed() ? 0 : step * axis.multiple()))))
                        .toArray()))
                .toList();
    }

    /** Why the program does not take an input; null if it does. */
    @Nullable
    String refusal(ModelInput input) {
        if (input instanceof Tensor tensor) {
            String refusal = refusal(
                    tensor.shape(), first().axes().subList(1, first().axes().size()));
            return refusal == null ? null : "an input has " + refusal;
        }
        Map<String, Tensor> given = ((TensorGroup) input).tensors();
        for (ProgramFacts.Tensor taken : facts.inputs()) {
            Tensor tensor = given.get(taken.name());
            String refusal = tensor == null ? "is missing" : refusal(taken, tensor.shape());
            if (refusal != null) {
                return taken.name() + (tensor == null ? " " : " has ") + refusal;
            }
        }
        return null;
    }

    private @Nullable String refusal(ProgramFacts.Tensor input, TensorShape shape) {
        return refusal(shape, axes(input));
    }

    private static @Nullable String refusal(TensorShape shape, List<Axis> axes) {
        boolean fits = shape.rank() == axes.size();
        for (int i = 0; fits && i < axes.size(); i++) {
            fits = allows(axes.get(i), shape.size(i));
        }
        return fits
                ? null
                : "the shape " + shape + ", allowed is "
                        + axes.stream().map(Axis::allowed).collect(Collectors.joining("; ", "[", "]"));
    }

    private static boolean allows(Axis axis, long size) {
        if (axis.isFixed()) {
            return size == axis.size();
        }
        return (axis.smallest() == null || axis.smallest() <= 2 || size >= axis.smallest())
                && (axis.largest() == null || size <= axis.largest())
                && Math.floorMod(size - axis.offset(), axis.multiple()) == 0;
    }

    /** The input as one of images; as usual if it has other axes than batch, channels, height and width. */
    ArchiveInput images() {
        List<Axis> axes = first().axes();
        if (axes.size() != 4) {
            return ArchiveInput.USUAL;
        }
        Axis height = axes.get(2);
        Axis width = axes.get(3);
        int channels = size(axes.get(1).size());
        if (!isFreeSide(height) || !isFreeSide(width) || sharesSymbols()) {
            return ArchiveInput.only(channels, new Resize.Size(size(width.size()), size(height.size())), logits());
        }
        long multiple = leastCommon(height.multiple(), width.multiple());
        long smallest = Math.max(orElse(height.smallest(), 1), orElse(width.smallest(), 1));
        long step = (smallest + multiple - 1) / multiple * multiple;
        long largest =
                Math.min(orElse(height.largest(), Integer.MAX_VALUE), orElse(width.largest(), Integer.MAX_VALUE));
        return new ArchiveInput(channels, size(Math.max(multiple, step)), 0, logits(), null, (int) largest);
    }

    /** As {@code image float32 [s0 (from 1 to 16), 3, 64, 64]}. */
    @Override
    public String toString() {
        return facts.inputs().stream().map(ProgramFacts.Tensor::toString).collect(Collectors.joining(", "));
    }

    private static boolean isFreeSide(Axis side) {
        return side.symbol() != null && side.offset() == 0;
    }

    /** Whether one symbol is the size of several axes, so that they cannot be chosen freely. */
    private boolean sharesSymbols() {
        Set<String> seen = new HashSet<>();
        return first().axes().stream()
                .map(Axis::symbol)
                .filter(Objects::nonNull)
                .anyMatch(symbol -> !seen.add(symbol));
    }

    private static int size(long size) {
        return (int) Math.min(Integer.MAX_VALUE, size);
    }

    private static long orElse(@Nullable Long bound, long usual) {
        return bound == null ? usual : bound;
    }

    private static long leastCommon(long a, long b) {
        long x = a;
        long y = b;
        while (y != 0) {
            long rest = x % y;
            x = y;
            y = rest;
        }
        return a / x * b;
    }

    /** Channels of the output that would have the logits; 0 if it has none. */
    private int logits() {
        List<ProgramFacts.Tensor> outputs = facts.outputs();
        ProgramFacts.Tensor likely = outputs.stream()
                .filter(output -> output.name().equals(OutputSpec.USUAL_NAME))
                .findFirst()
                .orElse(outputs.isEmpty() ? first() : outputs.get(0));
        int rank = likely.axes().size();
        boolean channels = (rank == 2 || rank == 4) && likely.axes().get(1).isFixed();
        return channels ? size(likely.axes().get(1).size()) : 0;
    }
}
