package dev.gnserve.model;

import dev.gnserve.archive.ArchiveSnapshot;
import dev.gnserve.archive.RepairedArchive;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Resize;
import dev.gnserve.program.ProgramFacts;
import dev.gnserve.program.ProgramFacts.Axis;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The input of a model that was made from a program of {@code torch.export}, as the program declares it. Immutable. */
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

    private final ProgramFacts facts;
    private final ProgramFacts.Tensor input;
    private final ElementType type;

    private ProgramInput(ProgramFacts facts, ProgramFacts.Tensor input, ElementType type) {
        this.facts = facts;
        this.input = input;
        this.type = type;
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
     * The input of an archive; null if it was not made from a program.
     *
     * @throws TorchScriptException if the program does not take exactly one tensor with a batch axis, of a type that can be given
     */
    public static @Nullable ProgramInput of(TorchScriptArchive archive) {
        ProgramFacts facts = ProgramFacts.of(archive);
        if (facts == null) {
            return null;
        }
        if (facts.inputs().size() != 1) {
            String names =
                    facts.inputs().stream().map(ProgramFacts.Tensor::name).collect(Collectors.joining(", "));
            throw new TorchScriptException("the program takes " + facts.inputs().size() + " tensors (" + names
                    + "), allowed is one. Export a model that takes one tensor");
        }
        ProgramFacts.Tensor input = facts.inputs().get(0);
        ElementType type = TYPES.get(input.type());
        if (type == null) {
            throw new TorchScriptException("the program takes " + input.name() + " of type " + input.type()
                    + ", allowed are " + TYPES.keySet().stream().sorted().toList()
                    + ". Convert it in the model and export that");
        }
        if (input.axes().isEmpty()) {
            throw new TorchScriptException("the program takes the scalar " + input.name()
                    + ", but the first axis must be the batch. Export a model that takes a batch");
        }
        return new ProgramInput(facts, input, type);
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

    /** The name of the argument. */
    String name() {
        return input.name();
    }

    /** The type in which requests give the values. */
    ElementType type() {
        return type;
    }

    /** Whether the input can be a batch of images. */
    boolean takesImages() {
        List<Axis> axes = input.axes();
        boolean real = input.type().contains("float");
        return real
                && axes.size() == 4
                && axes.get(1).isFixed()
                && (axes.get(1).size() == 1 || axes.get(1).size() == 3);
    }

    /** The largest batch. */
    int mostAtOnce() {
        Axis batch = input.axes().get(0);
        Long most = batch.isFixed() ? (Long) batch.size() : batch.largest();
        return most == null ? Integer.MAX_VALUE : (int) Math.max(1, Math.min(Integer.MAX_VALUE, most));
    }

    /** Shapes without the batch axis: that of the export's example, and one that differs in all free axes if there are any. */
    List<TensorShape> shapes() {
        List<Axis> axes = input.axes().subList(1, input.axes().size());
        List<TensorShape> shapes = new ArrayList<>();
        shapes.add(shape(axes, 0));
        boolean known = axes.stream().allMatch(axis -> axis.isFixed() || axis.symbol() != null);
        for (int step : new int[] {1, -1}) {
            TensorShape other = known ? shape(axes, step) : shapes.get(0);
            if (shapes.size() == 1 && !other.equals(shapes.get(0)) && refusal(other) == null) {
                shapes.add(other);
            }
        }
        return shapes;
    }

    /** The example's sizes, each free axis changed by one step. */
    private static TensorShape shape(List<Axis> axes, int step) {
        return TensorShape.of(axes.stream()
                .mapToInt(axis -> size(Math.max(0, axis.size() + (axis.isFixed() ? 0 : step * axis.multiple()))))
                .toArray());
    }

    /** Why the program does not take an input of this shape, without the batch axis; null if it does. */
    @Nullable
    String refusal(TensorShape shape) {
        List<Axis> axes = input.axes();
        boolean fits = shape.rank() == axes.size() - 1;
        for (int i = 1; fits && i < axes.size(); i++) {
            fits = allows(axes.get(i), shape.size(i - 1));
        }
        return fits
                ? null
                : "an input has the shape " + shape + ", allowed is "
                        + axes.stream().skip(1).map(Axis::allowed).collect(Collectors.joining("; ", "[", "]"));
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
        List<Axis> axes = input.axes();
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
        return input.toString();
    }

    private static boolean isFreeSide(Axis side) {
        return side.symbol() != null && side.offset() == 0;
    }

    /** Whether one symbol is the size of several axes, so that they cannot be chosen freely. */
    private boolean sharesSymbols() {
        Set<String> seen = new HashSet<>();
        return input.axes().stream().map(Axis::symbol).filter(Objects::nonNull).anyMatch(symbol -> !seen.add(symbol));
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
                .orElse(outputs.isEmpty() ? input : outputs.get(0));
        int rank = likely.axes().size();
        boolean channels = (rank == 2 || rank == 4) && likely.axes().get(1).isFixed();
        return channels ? size(likely.axes().get(1).size()) : 0;
    }
}
