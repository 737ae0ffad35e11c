package dev.gnserve.backend;

import java.util.List;

/** Runs forward passes of one model. Not thread-safe: always call it from the same thread. */
@FunctionalInterface
public interface BackendSession {

    /**
     * Runs a batch of inputs in one forward pass.
     *
     * @param inputs of equal {@linkplain ModelInput#kind() kind}, without a batch axis; an image is [channels, height, width]. A
     *     {@linkplain TensorGroup#whole() whole} group runs alone, and its prediction has the outputs as they are
     * @throws dev.gnserve.failure.FailureException with {@code ENGINE_FAULT} if the pass fails, or if its outputs cannot be assigned
     *     to the inputs
     */
    PassResult run(List<? extends ModelInput> inputs);
}
