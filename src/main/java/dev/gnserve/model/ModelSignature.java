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
 * @param input the only input; for images [batch, channels, height, width]
 * @param inputTypes all types that the input may have; the first is that of {@code input}
 * @param sideMultiple free sides must be a multiple of this
 * @param outputs in the order of the engine, named as in {@link Prediction}
 */
public record ModelSignature(
        TensorSpec input, List<ElementType> inputTypes, int sideMultiple, List<TensorSpec> outputs) {

    private static final System.Logger LOG = System.getLogger(ModelSignature.class.getName());

    /**
     * The name of the input of a TorchScript archive, because the argument's name in it depends on how it was exported. A program names
     * its input; this name is accepted for it, too.
     */
    public static final String INPUT = "input";

    public ModelSignature {
        inputTypes = List.copyOf(inputTypes);
        outputs = List.copyOf(outputs);
    }

    /**
     * Runs inputs of different sizes to find the axes whose size is free: for images a warm-up input and one of another size, for
     * other tensors one input per warm-up shape.
     *
     * @param inputName name of the input
     * @param session of a model after its warm-up
     * @throws dev.gnserve.failure.FailureException if an input of the warm-up fails
     */
    static ModelSignature of(ModelManifest manifest, String inputName, BackendSession session) {
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
        Resize resize = manifest.input().resize();
        if (resize instanceof Resize.Stretch || resize instanceof Resize.Fit) {
            return null;
        }
        Padding padding = manifest.input().padding();
        int multiple = padding.multiple();
        int height = Math.max(multiple, warm.size(1) / 2 / multiple * multiple);
        int width = Math.max(multiple, warm.size(2) / 2 / multiple * multiple);
        if (height == warm.size(1) || width == warm.size(2)) {
            // The warm-up size is the smallest one.
            return TensorShape.of(warm.size(0), warm.size(1) + multiple, warm.size(2) + multiple);
        }
        return TensorShape.of(warm.size(0), height, width);
    }
}
