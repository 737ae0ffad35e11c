package dev.gnserve.backend;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a model gave for one input: its outputs by name and without a batch axis.
 *
 * <p>A dictionary's outputs have its own keys, in no order that the model chose, and {@code a.b} for a key of a dictionary
 * in a dictionary. Those of a tuple or list are named "output0", "output1" and so on, in their order; a single tensor is
 * named "output". Two predictions of one model need not have the same outputs: keys can be optional.
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
