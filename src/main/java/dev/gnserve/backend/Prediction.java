package dev.gnserve.backend;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model's outputs for one input, by name and without a batch axis. Immutable.
 *
 * <p>The outputs of a dictionary have the names of its keys, and {@code a.b} for a key of a nested dictionary; their order is
 * undefined. The outputs of a tuple or list are named "output0", "output1" and so on, in their order; a single tensor is named
 * "output". Keys can be optional, so two predictions of one model can have different outputs.
 */
public record Prediction(Map<String, Tensor> outputs) {

    public Prediction {
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("a prediction needs one output or more");
        }
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    }

    /** The first output. */
    public Tensor first() {
        return outputs.values().iterator().next();
    }
}
