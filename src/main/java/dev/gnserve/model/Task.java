package dev.gnserve.model;

import java.util.Locale;

/** What a model does with an image. */
public enum Task {
    SEGMENTATION("segment"),
    DETECTION("detect"),
    CLASSIFICATION("classify");

    private final String verb;

    Task(String verb) {
        this.verb = verb;
    }

    /** As in JSON and in {@code model.yaml}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The last segment of the path that images for it are sent to. */
    public String verb() {
        return verb;
    }
}
