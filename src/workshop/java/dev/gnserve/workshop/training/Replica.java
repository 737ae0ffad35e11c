package dev.gnserve.workshop.training;

import ai.djl.training.GradientCollector;
import dev.gnserve.archive.ScriptModule;

/**
 * A network in the engine of which a batch gives loss and gradient. Not thread-safe.
 *
 * @param <B> what one step learns from
 */
interface Replica<B> extends AutoCloseable {

    NetworkWeights weights();

    /** Loss of a batch at the loaded weights, in training mode: Batch Normalization sees this batch. Its gradient is written to {@code gradient}. */
    float lossAndGradient(B batch, GradientCollector collector, float[] gradient);

    /**
     * The network as TorchScript, with the given weights.
     *
     * @param batchStatistics see {@link NormLayer#script}
     */
    ScriptModule script(float[] values, boolean batchStatistics);

    @Override
    void close();
}
