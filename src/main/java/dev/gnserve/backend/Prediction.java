package dev.gnserve.backend;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a model gave for one input: its outputs by name, in the model's order and without a batch axis.
 *
 * <p>A dictionary's outputs have its own keys; those of a tuple or list are named "output0", "output1" and so on; a
 * single tensor is named "output".
 */
public record Prediction(Map<String, Tensor> outputs) {

    public Prediction {
        if (outputs.isEmpty()) {
            throw new IllegalArgumentException("a prediction without an output");
        }
        outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
    }

    /** The first output. */
    public Tensor first() {
        return outputs.values().iterator().next();
    }
}
