package dev.gnserve.model;

import dev.gnserve.archive.ForwardSignature;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.archive.TorchScriptException;
import dev.gnserve.backend.BackendModel;
import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.FloatTensor;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.NamedInputs.NamedInput;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The inputs of an archive whose shapes a person said, and what trial passes show about batches. Immutable.
 *
 * <p>Sizes are read with a batch axis if an N marks it, or if all shapes begin with 1 and one of them has four sizes or more; otherwise
 * as one item of a batch. If the archive does not run so, or if its outputs do not begin with the batch, the sizes are the arguments as
 * they are.
 *
 * @param inputs without the batch axis, unless they are whole
 * @param named whether the archive takes them by name; otherwise they are one tensor of a batch
 * @param mostAtOnce 1 if a batch of two does not run, or gives other values than each item alone
 * @param input one item of noise
 * @param prediction for this item
 */
public record StatedInputs(NamedInputs inputs, boolean named, int mostAtOnce, ModelInput input, Prediction prediction) {

    /** Results of one item differ less than this from those in a batch, relative to the largest value. */
    private static final double ROUNDING = 1e-3;

    /**
     * Finds out how an archive runs with the shapes.
     *
     * @param stated one or more
     * @throws TorchScriptException if {@code forward} takes other arguments
     * @throws FailureException ENGINE_FAULT with the engine's message if it does not run
     */
    public static StatedInputs of(TorchScriptArchive archive, BackendModel model, List<StatedShape> stated) {
        ProgramInput program = ProgramInput.of(archive);
        if (program != null) {
            return ofProgram(program, model.newSession(), stated);
        }
        List<StatedShape> ordered = ordered(archive.forward(), stated);
        boolean marked = ordered.stream().anyMatch(StatedShape::marked);
        if (marked && !ordered.stream().allMatch(StatedShape::marked)) {
            throw new TorchScriptException(
                    "some shapes begin with N and some do not: either all inputs have the batch axis or none");
        }
        boolean batch = ordered.stream()
                        .allMatch(shape ->
                                !shape.sizes().isEmpty() && shape.sizes().get(0) == 1)
                && ordered.stream().anyMatch(StatedShape::looksLikeBatch);
        return run(ordered, marked, !marked && batch, model.newSession());
    }

    /**
     * Tries the readings of the sizes, the likely one first. {@code 1x16x64x64} can be a batch of one picture or a volume of one channel:
     * if it does not run as the first, a batch of two shows whether it is the second.
     */
    private static StatedInputs run(
            List<StatedShape> stated, boolean marked, boolean withBatch, BackendSession session) {
        FailureException refusal;
        try {
            return batched(stated, withBatch, session);
        } catch (FailureException e) {
            refusal = e;
        }
        StatedInputs items = withBatch ? orNull(() -> batched(stated, false, session)) : null;
        if (items != null && items.mostAtOnce > 1) {
            return items;
        }
        StatedInputs whole = orNull(() -> whole(stated, marked, session));
        if (whole == null && items == null) {
            throw refusal; // That of the likely reading.
        }
        return whole != null ? whole : Objects.requireNonNull(items);
    }

    private static @Nullable StatedInputs orNull(Supplier<StatedInputs> reading) {
        try {
            return reading.get();
        } catch (FailureException e) {
            return null;
        }
    }

    private static StatedInputs whole(List<StatedShape> stated, boolean marked, BackendSession session) {
        NamedInputs inputs = inputs(stated, shape -> marked ? prepend(shape.sizes()) : shape.sizes(), true);
        ModelInput input = inputs.noise().get(0);
        return new StatedInputs(inputs, true, 1, input, run(session, input));
    }

    private static StatedInputs ofProgram(ProgramInput program, BackendSession session, List<StatedShape> stated) {
        NamedInputs declared = program.named();
        NamedInputs example = declared != null
                ? declared
                : new NamedInputs(
                        List.of(new NamedInput(
                                program.name(),
                                program.type(),
                                List.of(program.shapes().get(0).get(0)))),
                        false);
        if (stated.size() != example.inputs().size()) {
            throw new TorchScriptException(
                    "--shape is given " + stated.size() + " times, but the program takes " + program);
        }
        List<NamedInput> inputs = new ArrayList<>();
        for (NamedInput input : example.inputs()) {
            StatedShape shape = stated.stream()
                    .filter(each -> each.name() == null || each.name().equals(input.name()))
                    .findFirst()
                    .orElseThrow(() -> new TorchScriptException(
                            "--shape of " + input.name() + " is missing; the program takes " + program));
            int rank = input.shapes().get(0).rank();
            List<Integer> sizes = shape.sizes().size() == rank + 1 && !example.whole()
                    ? shape.sizes().subList(1, rank + 1)
                    : shape.marked() && example.whole() ? prepend(shape.sizes()) : shape.sizes();
            inputs.add(new NamedInput(input.name(), input.type(), List.of(shape(sizes))));
        }
        NamedInputs own = new NamedInputs(inputs, example.whole());
        ModelInput group = own.noise().get(0);
        ModelInput input = declared != null
                ? group
                : ((TensorGroup) group).tensors().values().iterator().next();
        String refusal = program.refusal(input);
        if (refusal != null) {
            throw new TorchScriptException(refusal);
        }
        return new StatedInputs(own, declared != null, program.mostAtOnce(), input, run(session, input));
    }

    @FunctionalInterface
    private interface Sizes {
        List<Integer> of(StatedShape shape);
    }

    private static StatedInputs batched(List<StatedShape> stated, boolean withBatch, BackendSession session) {
        NamedInputs inputs = inputs(
                stated,
                shape -> withBatch ? shape.sizes().subList(1, shape.sizes().size()) : shape.sizes(),
                false);
        boolean named = stated.get(0).name() != null;
        ModelInput noise = inputs.noise().get(0);
        ModelInput input = named
                ? noise
                : ((TensorGroup) noise).tensors().values().iterator().next();
        Prediction alone = run(session, input);
        int mostAtOnce = isIndependent(session, input, alone) ? Integer.MAX_VALUE : 1;
        return new StatedInputs(inputs, named, mostAtOnce, input, alone);
    }

    /** Whether an item has the same results in a batch with another one. */
    private static boolean isIndependent(BackendSession session, ModelInput input, Prediction alone) {
        ModelInput other = other(input);
        try {
            List<Prediction> together = session.run(List.of(other, input)).predictions();
            return isNear(together.get(1), alone) && isNear(together.get(0), run(session, other));
        } catch (FailureException e) {
            return false;
        }
    }

    private static boolean isNear(Prediction one, Prediction other) {
        return one.outputs().keySet().equals(other.outputs().keySet())
                && one.outputs().entrySet().stream()
                        .allMatch(output -> isNear(
                                output.getValue(),
                                Objects.requireNonNull(other.outputs().get(output.getKey()))));
    }

    private static boolean isNear(Tensor one, Tensor other) {
        float[] a = one.floats();
        float[] b = other.floats();
        double largest = 1;
        double difference = 0;
        for (int i = 0; i < Math.min(a.length, b.length); i++) {
            largest = Math.max(largest, Math.abs(a[i]));
            difference = Math.max(difference, Math.abs(a[i] - b[i]));
        }
        return one.shape().equals(other.shape()) && difference <= ROUNDING * largest;
    }

    /** The input with its floating-point values in the opposite order. */
    private static ModelInput other(ModelInput input) {
        if (input instanceof TensorGroup group) {
            Map<String, Tensor> tensors = new LinkedHashMap<>(group.tensors());
            tensors.replaceAll((name, tensor) -> (Tensor) other(tensor));
            return new TensorGroup(tensors, group.whole());
        }
        if (!(input instanceof FloatTensor floats)) {
            return input;
        }
        float[] values = floats.values();
        float[] reversed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            reversed[i] = values[values.length - 1 - i];
        }
        return new FloatTensor(floats.shape(), reversed);
    }

    private static Prediction run(BackendSession session, ModelInput input) {
        return session.run(List.of(input)).predictions().get(0);
    }

    private static NamedInputs inputs(List<StatedShape> stated, Sizes sizes, boolean whole) {
        return new NamedInputs(
                stated.stream()
                        .map(shape -> new NamedInput(
                                shape.name() == null ? ModelSignature.INPUT : shape.name(),
                                shape.type(),
                                List.of(shape(sizes.of(shape)))))
                        .toList(),
                whole);
    }

    private static List<Integer> prepend(List<Integer> sizes) {
        List<Integer> longer = new ArrayList<>(List.of(1));
        longer.addAll(sizes);
        return longer;
    }

    private static TensorShape shape(List<Integer> sizes) {
        return TensorShape.of(sizes.stream().mapToInt(Integer::intValue).toArray());
    }

    /** The shapes in the order of the arguments. */
    private static List<StatedShape> ordered(ForwardSignature forward, List<StatedShape> stated) {
        String taken = "forward takes " + forward.describeInputs();
        if (stated.size() == 1 && stated.get(0).name() == null) {
            requireOnlyArgument(forward);
            return stated;
        }
        List<String> names =
                forward.inputs().stream().map(ForwardSignature.Input::name).toList();
        List<StatedShape> ordered = new ArrayList<>();
        List<String> left = new ArrayList<>();
        for (ForwardSignature.Input argument : forward.inputs()) {
            List<StatedShape> own = stated.stream()
                    .filter(shape ->
                            shape.name() != null && argument(shape.name()).equals(argument.name()))
                    .toList();
            if (own.isEmpty() && argument.required()) {
                throw new TorchScriptException("--shape of " + argument.name() + " is missing: " + taken);
            }
            if (own.isEmpty()) {
                left.add(argument.name());
            } else if (!left.isEmpty()) {
                throw new TorchScriptException("--shape of " + String.join(", ", left) + " is missing before "
                        + argument.name() + ": only arguments behind the last one that is given can be left out. "
                        + taken);
            }
            ordered.addAll(own);
        }
        for (StatedShape shape : stated) {
            if (shape.name() == null || !names.contains(argument(shape.name()))) {
                throw new TorchScriptException(
                        "--shape has " + (shape.name() == null ? "no name" : "the name " + shape.name()) + ": " + taken
                                + ". " + example(forward));
            }
        }
        return ordered;
    }

    private static String argument(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    /**
     * Requires that {@code forward} takes one tensor, or a list of images.
     *
     * @throws TorchScriptException naming the arguments, and how to say their shapes
     */
    static void requireOnlyArgument(ForwardSignature forward) {
        long required = forward.inputs().stream()
                .filter(ForwardSignature.Input::required)
                .count();
        String first = forward.inputs().isEmpty() ? "" : forward.inputs().get(0).type();
        if (required > 1
                || !(first.equals("Tensor") || first.equals("List[Tensor]") || first.equals("Optional[Tensor]"))) {
            throw new TorchScriptException("forward takes " + forward.describeInputs() + ". " + example(forward));
        }
    }

    private static String example(ForwardSignature forward) {
        List<String> others = forward.inputs().stream()
                .filter(input -> input.required() && !input.type().contains("Tensor"))
                .map(ForwardSignature.Input::name)
                .toList();
        if (!others.isEmpty()) {
            return "Only tensors can be given: export a model in which " + String.join(", ", others)
                    + " is fixed, or a tensor";
        }
        return "Say the name and the shape of each tensor: "
                + forward.inputs().stream()
                        .filter(ForwardSignature.Input::required)
                        .map(input -> "--shape " + input.name() + part(input.type()) + "=1x3x64x64")
                        .collect(Collectors.joining(" "));
    }

    private static String part(String type) {
        return type.startsWith("Dict") ? ".key" : type.startsWith("List") || type.startsWith("Tuple") ? ".0" : "";
    }

    /** The item's shape if it is one picture of float32: [channels, height, width]; else null. */
    @Nullable
    TensorShape picture() {
        TensorShape only = onlyItem();
        return only != null && only.rank() == 3 ? only : null;
    }

    /** The item's shape if the archive takes one tensor of float32; else null. */
    @Nullable
    TensorShape onlyItem() {
        return !named && !inputs.whole() && input instanceof FloatTensor item ? item.shape() : null;
    }

    /** The only input that can be an image, float32 [channels, height, width], of several that a model takes together; else null. */
    @Nullable
    NamedInput imageAmongOthers() {
        List<NamedInput> images = inputs.inputs().stream()
                .filter(each ->
                        each.type() == ElementType.FP32 && each.shapes().get(0).rank() == 3)
                .toList();
        boolean fits = named
                && !inputs.whole()
                && inputs.inputs().size() > 1
                && inputs.inputs().stream()
                        .noneMatch(each ->
                                each.type() == ElementType.FP16 || each.name().contains("."));
        return fits && images.size() == 1 ? images.get(0) : null;
    }

    /** The item with another image. */
    ModelInput with(NamedInput image, Tensor pixels) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(((TensorGroup) input).tensors());
        tensors.put(image.name(), pixels);
        return new TensorGroup(tensors, false);
    }

    /** The lines of {@code model.yaml} that declare an image and other tensors. */
    String manifest(NamedInput image) {
        return inputs.inputs().stream()
                .map(each -> each.equals(image)
                        ? "  - {name: \"%s\"} # the image\n".formatted(each.name())
                        : "  - {name: \"%s\", dataType: %s, shapes: [%s]} # value: [...] stands where a request gives none\n"
                                .formatted(
                                        each.name(), lower(each), each.shapes().get(0)))
                .collect(Collectors.joining("", "inputs:\n", batching()));
    }

    /** As {@code image FP32 [N, C=3, H=64, W=96]}. */
    public List<String> describe() {
        return inputs.inputs().stream()
                .map(each -> each.name() + " " + each.type() + " "
                        + axes(each.shapes().get(0), inputs.whole())
                        + (!inputs.whole() && mostAtOnce == 1 ? ", one at a time" : ""))
                .toList();
    }

    private static String axes(TensorShape shape, boolean whole) {
        int rank = shape.rank();
        int items = whole && rank > 3 ? rank - 1 : rank;
        List<String> names = items == 3 ? List.of("C", "H", "W") : items == 4 ? List.of("C", "D", "H", "W") : List.of();
        List<String> axes = new ArrayList<>(whole ? List.of() : List.of("N"));
        IntStream.range(0, rank).forEach(axis -> {
            int place = axis - (rank - items);
            String name = names.isEmpty() ? "" : place < 0 ? "N=" : names.get(place) + "=";
            axes.add(name + shape.size(axis));
        });
        return axes.toString();
    }

    /** The lines of {@code model.yaml} that say how many items run together; empty if that is as usual. */
    String batching() {
        return mostAtOnce == 1 && !inputs.whole()
                ? "# A batch of two does not run, or changes results.\nbatching: {maxSize: 1}\n"
                : "";
    }

    /** The lines of {@code model.yaml} that declare the inputs. */
    String manifest() {
        String most = batching();
        if (!named && !inputs.whole()) {
            NamedInput only = inputs.inputs().get(0);
            String types = only.type() == ElementType.FP32 ? "" : ", dataTypes: [" + lower(only) + "]";
            return "# Axes in which the shapes differ accept any size.\nwarmUp: {shapes: ["
                    + only.shapes().get(0) + "]" + types + "}\n" + most;
        }
        String lines = inputs.inputs().stream()
                .map(each -> "  - {name: \"%s\", dataType: %s, shapes: [%s]}\n"
                        .formatted(each.name(), lower(each), each.shapes().get(0)))
                .collect(Collectors.joining());
        String whole = """
                # Inputs or outputs do not begin with the batch: a request is one pass, and its outputs are returned as they are.
                batching: {whole: true}
                """;
        return "# Axes in which the shapes of an input differ accept any size.\ninputs:\n" + lines
                + (inputs.whole() ? whole : most);
    }

    private static String lower(NamedInput input) {
        return input.type().name().toLowerCase(Locale.ROOT);
    }
}
