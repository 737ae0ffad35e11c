package dev.gnserve.workshop.training;

/** Moves the weights of a {@link Checkpoint} down a gradient. */
interface Optimizer {

    /** One step down the gradient; advances the state's step. */
    void step(float[] gradient, double learningRate);
}
