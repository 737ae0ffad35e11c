package dev.gnserve.model;

import java.util.Locale;

/** What a model is for. */
public enum Task {
    SEGMENTATION("segment"),
    DETECTION("detect"),
    CLASSIFICATION("classify"),

    /** Tensors in, tensors out: nothing is known of what they mean, and no image is taken. */
    TENSORS("infer");

    private final String verb;

    Task(String verb) {
        this.verb = verb;
    }

    /** As in JSON and in {@code model.yaml}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The last segment of the path that requests for it are sent to. */
    public String verb() {
        return verb;
    }

    /** The path that requests for it are sent to. */
    public String path(String model) {
        return (this == TENSORS ? "/v2/models/" : "/v1/models/") + model + "/" + verb;
    }
}
