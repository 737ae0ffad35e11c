package dev.gnserve.model;

import dev.gnserve.engine.TensorShape;
import java.util.List;

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
}
