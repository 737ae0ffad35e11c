package dev.gnserve.backend;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Forward passes of an instrumented copy, which hand over what its group norms did.
 *
 * <p>Not thread-safe: the taps are part of the model. As with {@link BackendSession}, always the same thread should call.
 */
public interface TappedSession {

    /**
     * Runs {@code forward} once, and again for the calls whose tensors did not fit.
     *
     * <p>Calls are handed over one at a time, in order, and freed before the next is read from native memory.
     *
     * @param inputs the arguments of {@code forward}, with their batch axis
     * @param bytes how much native memory one pass may keep; a call that is larger alone is kept alone
     * @return the model's outputs by name
     */
    Map<String, Tensor> run(List<? extends Tensor> inputs, long bytes, Consumer<TappedCall> calls);

    /**
     * Runs images as the served model would, and keeps nothing.
     *
     * @param images of equal shape, without a batch axis
     * @throws dev.gnserve.failure.FailureException as {@link BackendSession#run}
     */
    List<Prediction> predict(List<FloatTensor> images);
}
