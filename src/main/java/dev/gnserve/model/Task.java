package dev.gnserve.model;

/** What a model does with an image. */
public enum Task {
    SEGMENTATION,
    DETECTION,
    CLASSIFICATION
}
