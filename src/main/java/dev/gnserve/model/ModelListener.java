package dev.gnserve.model;

/** Receives every change of a model's state. Must be thread-safe. */
@FunctionalInterface
public interface ModelListener {

    /** Called on the thread that changed the state. */
    void stateChanged(ModelStateChanged change);
}
