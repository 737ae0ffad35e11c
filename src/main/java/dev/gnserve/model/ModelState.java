package dev.gnserve.model;

/** The state of a model, as clients and meters see it. */
public enum ModelState {
    LOADING,
    READY,
    FAILED,
    UNLOADED
}
