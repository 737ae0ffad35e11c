package dev.gnserve.backend;

import java.util.List;

/** Runs forward passes of one model. Not thread-safe: always call it from the same thread. */
@FunctionalInterface
public interface BackendSession {

    /**
     * Runs a batch of inputs in one forward pass.
     *
     * @param inputs of equal type and shape, without a batch axis; an image is [channels, height, width]
     * @throws dev.gnserve.failure.FailureException with {@code ENGINE_FAULT} if the pass fails, or if its outputs cannot be assigned
     *     to the inputs
     */
    PassResult run(List<? extends Tensor> inputs);
}
