package dev.gnserve.model;

import dev.gnserve.engine.FloatTensor;
import dev.gnserve.engine.TensorShape;
import java.util.List;
import java.util.Random;

/**
 * What every worker runs before its model counts as ready: every shape at every batch size.
 *
 * @param shapes of one input, [channels, height, width]
 * @param batchSizes how many such inputs at once
 */
public record WarmUp(List<TensorShape> shapes, List<Integer> batchSizes) {

    public WarmUp {
        shapes = List.copyOf(shapes);
        batchSizes = List.copyOf(batchSizes);
    }

    /**
     * An input of a shape, the same every time: neither constant nor zero, so that no layer divides by a vanishing
     * deviation and no shortcut is taken.
     */
    public static FloatTensor input(TensorShape shape) {
        Random random = new Random(1);
        float[] values = new float[shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return new FloatTensor(shape, values);
    }
}
