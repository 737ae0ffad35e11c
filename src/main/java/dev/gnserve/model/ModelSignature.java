package dev.gnserve.model;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.backend.BackendSession;
import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.PassResult;
import dev.gnserve.backend.Prediction;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Names, types and shapes of a model's input and outputs, found by passes. Immutable.
 *
 * @param inputs in the order of {@code forward}; for images one, [batch, channels, height, width]
 * @param named whether an input is a {@link dev.gnserve.backend.TensorGroup}; otherwise it is one tensor
 * @param whole whether a request is one pass, so that its tensors have no common batch axis
 * @param inputTypes all types that an only input may have; the first is that of the input
 * @param sideMultiple free sides must be a multiple of this
 * @param outputs in the order of the engine, named as in {@link Prediction}
 */
public record ModelSignature(
        List<TensorSpec> inputs,
        boolean named,
        boolean whole,
        List<ElementType> inputTypes,
        int sideMultiple,
        List<TensorSpec> outputs) {

    private static final System.Logger LOG = System.getLogger(ModelSignature.class.getName());

    /**
     * The name of the input of a TorchScript archive, because the argument's name in it depends on how it was exported. A program names
     * its input; this name is accepted for it, too.
     */
    public static final String INPUT = "input";

    public ModelSignature {
        inputs = List.copyOf(inputs);
        inputTypes = List.copyOf(inputTypes);
        outputs = List.copyOf(outputs);
    }

    /** For one input of a batch. */
    public ModelSignature(TensorSpec input, List<ElementType> inputTypes, int sideMultiple, List<TensorSpec> outputs) {
        this(List.of(input), false, false, inputTypes, sideMultiple, outputs);
    }

    /**
     * Runs inputs of different sizes to find the axes whose size is free: for images a warm-up input and one of another size, for
     * other tensors one input per warm-up shape.
     *
     * @param program what the archive was made from, or null
     * @param session of a model after its warm-up
     * @throws dev.gnserve.failure.FailureException if an input of the warm-up fails
     */
    static ModelSignature of(ModelManifest manifest, @Nullable ProgramInput program, BackendSession session) {
        NamedInputs named = manifest.warmUp().named();
        if (named != null) {
            return of(named, manifest.warmUp(), program, session);
        }
        String inputName = program == null ? INPUT : program.name();
        AtomicBoolean perInput = new AtomicBoolean();
        Function<Tensor, Prediction> run = input -> {
            PassResult pass = session.run(List.of(input));
            perInput.set(pass.resultPerInput());
            return pass.predictions().get(0);
        };
        List<ElementType> types = manifest.warmUp().dataTypes();
        List<TensorShape> shapes = new ArrayList<>(manifest.warmUp().shapes());
        List<Prediction> predictions = new ArrayList<>();
        if (manifest.task() == Task.TENSORS) {
            shapes.forEach(shape -> predictions.add(run.apply(WarmUp.input(types.get(0), shape))));
        } else {
            TensorShape warm = shapes.get(0);
            shapes.clear();
            shapes.add(warm);
            predictions.add(run.apply(WarmUp.input(types.get(0), warm)));
            TensorShape another = another(manifest, warm);
            Prediction other = another == null ? null : tryRun(run, WarmUp.input(types.get(0), another));
            if (another != null && other != null) {
                shapes.add(another);
                predictions.add(other);
            }
        }
        boolean chosen = manifest.task() == Task.DETECTION && manifest.output().chosen(predictions.get(0)) != null;
        List<TensorSpec> outputs = new ArrayList<>();
        for (String name : predictions.get(0).outputs().keySet()) {
            List<Tensor> found = predictions.stream()
                    .map(prediction -> prediction.outputs().get(name))
                    .filter(Objects::nonNull)
                    .toList();
            List<Integer> axes = axes(found.stream().map(Tensor::shape).toList());
            if ((perInput.get() || chosen) && axes.size() > 1) {
                axes.set(1, TensorSpec.FREE);
            }
            outputs.add(new TensorSpec(name, found.get(0).type(), axes));
        }
        int multiple = manifest.input().padding().multiple();
        return new ModelSignature(new TensorSpec(inputName, types.get(0), axes(shapes)), types, multiple, outputs);
    }

    private static ModelSignature of(
            NamedInputs named, WarmUp warmUp, @Nullable ProgramInput program, BackendSession session) {
        List<Prediction> predictions = warmUp.noise().stream()
                .map(input -> session.run(List.of(input)).predictions().get(0))
                .toList();
        List<TensorSpec> outputs = new ArrayList<>();
        predictions.get(0).outputs().forEach((name, first) -> {
            List<Integer> declared = program == null ? null : program.outputAxes(name);
            List<Integer> seen = axes(predictions.stream()
                    .map(prediction -> prediction.outputs().get(name))
                    .filter(Objects::nonNull)
                    .map(Tensor::shape)
                    .toList());
            outputs.add(new TensorSpec(
                    name, first.type(), declared != null ? declared : named.whole() ? ofWhole(seen) : seen));
        });
        List<TensorSpec> inputs = named.inputs().stream()
                .map(input -> {
                    List<Integer> axes = axes(input.shapes());
                    return new TensorSpec(
                            input.name(), input.type(), named.whole() ? axes.subList(1, axes.size()) : axes);
                })
                .toList();
        return new ModelSignature(
                inputs, true, named.whole(), List.of(inputs.get(0).type()), 1, outputs);
    }

    /** No batch axis; the first axis may have another size in another pass, as with boxes. */
    private static List<Integer> ofWhole(List<Integer> withBatch) {
        List<Integer> axes = new ArrayList<>(withBatch.subList(1, withBatch.size()));
        if (!axes.isEmpty()) {
            axes.set(0, TensorSpec.FREE);
        }
        return axes;
    }

    /** The axes of a batch: free where the shapes of the items differ. */
    private static List<Integer> axes(List<TensorShape> shapes) {
        List<Integer> axes = new ArrayList<>(List.of(TensorSpec.FREE));
        TensorShape first = shapes.get(0);
        for (int axis = 0; axis < first.rank(); axis++) {
            int place = axis;
            boolean same = shapes.stream()
                    .allMatch(shape -> shape.rank() == first.rank() && shape.size(place) == first.size(place));
            axes.add(same ? first.size(axis) : TensorSpec.FREE);
        }
        return axes;
    }

    /** Null if the pass fails; then the size counts as fixed. */
    private static @Nullable Prediction tryRun(Function<Tensor, Prediction> run, Tensor input) {
        try {
            return run.apply(input);
        } catch (FailureException e) {
            LOG.log(DEBUG, () -> "a model does not run with " + input, e);
            return null;
        }
    }

    /** Another possible input size; null if all images are resized to one size. */
    private static @Nullable TensorShape another(ModelManifest manifest, TensorShape warm) {
        if (manifest.input().volume() != null) {
            int step = manifest.input().padding().multiple();
            int[] sizes = warm.toArray();
            for (int axis = 1; axis < sizes.length; axis++) {
                sizes[axis] = Math.max(step, sizes[axis] / 2 / step * step);
            }
            return TensorShape.of(sizes);
        }
        Resize resize = manifest.input().resize();
        if (resize instanceof Resize.Stretch || resize instanceof Resize.Fit) {
            return null;
        }
        Padding padding = manifest.input().padding();
        int multiple = padding.multiple();
        int[] sizes = warm.toArray();
        int rows = sizes.length - 2; // Of a clip, frames are before them.
        int height = Math.max(multiple, sizes[rows] / 2 / multiple * multiple);
        int width = Math.max(multiple, sizes[rows + 1] / 2 / multiple * multiple);
        // The warm-up size may be the smallest one.
        boolean smallest = height == sizes[rows] || width == sizes[rows + 1];
        sizes[rows] = smallest ? sizes[rows] + multiple : height;
        sizes[rows + 1] = smallest ? sizes[rows + 1] + multiple : width;
        return TensorShape.of(sizes);
    }
}
