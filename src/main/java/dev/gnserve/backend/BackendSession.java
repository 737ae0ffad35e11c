package dev.gnserve.backend;

import java.util.List;

/** Forward passes of one model from one thread. Not thread-safe, and always to be called from the same thread. */
@FunctionalInterface
public interface BackendSession {

    /**
     * Runs inputs of equal type and shape together and gives each its own result, in their order.
     *
     * @param inputs each without a batch axis, [channels, height, width] where it is made from an image
     * @throws dev.gnserve.failure.FailureException with {@code ENGINE_FAULT} when the pass fails, or when it gives what cannot be
     *     told apart by input
     */
    PassResult run(List<? extends Tensor> inputs);
}
