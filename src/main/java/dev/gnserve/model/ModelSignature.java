package dev.gnserve.model;

import static java.lang.System.Logger.Level.DEBUG;

import dev.gnserve.engine.ElementType;
import dev.gnserve.engine.Prediction;
import dev.gnserve.engine.Tensor;
import dev.gnserve.engine.TensorShape;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Names, types and shapes of what a model takes and gives, as it was seen to do.
 *
 * @param input always one, [batch, channels, height, width]
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
     * Runs one input of the warm-up, and a smaller one to see which axes follow the size of the input.
     *
     * @param resultPerImage whether the model gives a dictionary for every image, whose tensors are as long as it found
     *     something
     * @param run one forward pass of a model that is warm
     * @throws dev.gnserve.failure.FailureException if the input of the warm-up fails
     */
    static ModelSignature seen(ModelManifest manifest, boolean resultPerImage, Function<Tensor, Prediction> run) {
        List<ElementType> types = manifest.warmUp().dataTypes();
        TensorShape warm = manifest.warmUp().shapes().get(0);
        Prediction full = run.apply(WarmUp.input(types.get(0), warm));
        TensorShape small = smaller(manifest, warm);
        Prediction other = small == null ? null : tried(run, WarmUp.input(types.get(0), small));
        boolean sidesAreFree = other != null;
        List<TensorSpec> outputs = new ArrayList<>();
        for (Map.Entry<String, Tensor> output : full.outputs().entrySet()) {
            Tensor again = other == null ? null : other.outputs().get(output.getKey());
            outputs.add(spec(output.getKey(), output.getValue(), again, resultPerImage));
        }
        List<Integer> shape = new ArrayList<>(List.of(TensorSpec.FREE, warm.size(0)));
        shape.add(sidesAreFree ? TensorSpec.FREE : warm.size(1));
        shape.add(sidesAreFree ? TensorSpec.FREE : warm.size(2));
        int multiple = manifest.input().padding().multiple();
        return new ModelSignature(new TensorSpec(INPUT, types.get(0), shape), types, multiple, outputs);
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
    private static @Nullable TensorShape smaller(ModelManifest manifest, TensorShape warm) {
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

    private static TensorSpec spec(String name, Tensor seen, @Nullable Tensor again, boolean resultPerImage) {
        List<Integer> shape = new ArrayList<>(List.of(TensorSpec.FREE));
        for (int axis = 0; axis < seen.shape().rank(); axis++) {
            int size = seen.shape().size(axis);
            boolean same = again == null
                    || (again.shape().rank() == seen.shape().rank()
                            && again.shape().size(axis) == size);
            boolean found = resultPerImage && axis == 0;
            shape.add(same && !found ? size : TensorSpec.FREE);
        }
        return new TensorSpec(name, seen.type(), shape);
    }
}
