package dev.gnserve.model;

/** Where a model is in its life. */
public enum ModelState {
    LOADING,
    READY,
    FAILED,
    UNLOADED
}
