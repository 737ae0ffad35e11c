package dev.gnserve.workshop.training;

import ai.djl.training.GradientCollector;

/**
 * A network in the engine of which a batch gives loss and gradient. Not thread-safe.
 *
 * @param <B> what one step learns from
 */
interface Replica<B> extends AutoCloseable {

    NetworkWeights weights();

    /** Loss of a batch at the loaded weights; its gradient is written to {@code gradient}. */
    float lossAndGradient(B batch, GradientCollector collector, float[] gradient);

    @Override
    void close();
}
