package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import java.util.List;

/**
 * What is known of a model's input or output.
 *
 * @param name by which requests and answers call it
 * @param type of its values
 * @param shape of a whole batch, the batch first; {@value #FREE} where an axis may have any size
 */
public record TensorSpec(String name, ElementType type, List<Integer> shape) {

    public static final int FREE = -1;

    public TensorSpec {
        shape = List.copyOf(shape);
    }
}
