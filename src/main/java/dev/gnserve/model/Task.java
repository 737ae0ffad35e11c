package dev.gnserve.model;

import java.util.Locale;

/** What a model is for. */
public enum Task {
    SEGMENTATION("segment"),
    DETECTION("detect"),
    CLASSIFICATION("classify"),

    /** One vector for each image. */
    EMBEDDING("embed"),

    /** A number for each pixel, such as a depth. */
    REGRESSION("estimate"),

    /** Tensors in, tensors out, without a meaning; the model takes no images. */
    TENSORS("infer");

    private final String verb;

    Task(String verb) {
        this.verb = verb;
    }

    /** The name in JSON and in {@code model.yaml}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The last segment of the request path. */
    public String verb() {
        return verb;
    }

    /** The request path. */
    public String path(String model) {
        return (this == TENSORS ? "/v2/models/" : "/v1/models/") + model + "/" + verb;
    }
}
