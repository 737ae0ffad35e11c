package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import java.util.List;

/**
 * A model's input or output. Immutable.
 *
 * @param name the name in requests and responses
 * @param type type of the values
 * @param shape shape of a batch, the batch axis first; {@value #FREE} for an axis of any size
 */
public record TensorSpec(String name, ElementType type, List<Integer> shape) {

    public static final int FREE = -1;

    public TensorSpec {
        shape = List.copyOf(shape);
    }
}
