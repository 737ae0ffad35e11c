package dev.gnserve.model;

/** Hears of every change of a model's state, on the thread that made it. */
@FunctionalInterface
public interface ModelListener {

    void stateChanged(ModelStateChanged change);
}
