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
 * Names, types and shapes of what a model takes and gives, as it was seen to do.
 *
 * @param input always one; [batch, channels, height, width] where it is made from an image
 * @param inputTypes every type that the input may have; the first is the one of {@code input}
 * @param sideMultiple what free sides must be a multiple of, as images are padded
 * @param outputs in the order in which the engine gives them, named as in {@link Prediction}
 */
public record ModelSignature(
        TensorSpec input, List<ElementType> inputTypes, int sideMultiple, List<TensorSpec> outputs) {

    private static final System.Logger LOG = System.getLogger(ModelSignature.class.getName());

    /** An archive's own word for its argument changes with how it was made; this does not. */
    private static final String INPUT = "input";

    public ModelSignature {
        inputTypes = List.copyOf(inputTypes);
        outputs = List.copyOf(outputs);
    }

    /**
     * Runs an input of the warm-up, and others to see which axes may have another size and which follow. Inputs made from
     * images are tried at another size; of other tensors the shapes of the warm-up say it all.
     *
     * @param session of a model that is warm
     * @throws dev.gnserve.failure.FailureException if an input of the warm-up fails
     */
    static ModelSignature seen(ModelManifest manifest, BackendSession session) {
        AtomicBoolean perInput = new AtomicBoolean();
        Function<Tensor, Prediction> run = input -> {
            PassResult one = session.run(List.of(input));
            perInput.set(one.resultPerInput());
            return one.predictions().get(0);
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
            Prediction other = another == null ? null : tried(run, WarmUp.input(types.get(0), another));
            if (another != null && other != null) {
                shapes.add(another);
                predictions.add(other);
            }
        }
        boolean chosen = manifest.task() == Task.DETECTION && OutputSpec.isChosen(predictions.get(0));
        List<TensorSpec> outputs = new ArrayList<>();
        for (String name : predictions.get(0).outputs().keySet()) {
            List<Tensor> seen = predictions.stream()
                    .map(prediction -> prediction.outputs().get(name))
                    .filter(Objects::nonNull)
                    .toList();
            List<Integer> axes = axes(seen.stream().map(Tensor::shape).toList());
            if ((perInput.get() || chosen) && axes.size() > 1) {
                axes.set(1, TensorSpec.FREE);
            }
            outputs.add(new TensorSpec(name, seen.get(0).type(), axes));
        }
        int multiple = manifest.input().padding().multiple();
        return new ModelSignature(new TensorSpec(INPUT, types.get(0), axes(shapes)), types, multiple, outputs);
    }

    /** A batch's, free where the shapes of its items differ. */
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

    /** Null if it fails: then the model takes the sizes of its warm-up only, as far as is known. */
    private static @Nullable Prediction tried(Function<Tensor, Prediction> run, Tensor input) {
        try {
            return run.apply(input);
        } catch (FailureException e) {
            LOG.log(DEBUG, () -> "a model does not take " + input, e);
            return null;
        }
    }

    /** Another size that images could give as well, or null where all are brought to one size. */
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
            // Already the smallest: a larger one tells as much.
            return TensorShape.of(warm.size(0), warm.size(1) + multiple, warm.size(2) + multiple);
        }
        return TensorShape.of(warm.size(0), height, width);
    }
}
