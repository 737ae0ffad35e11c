package dev.gnserve.backend;

import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Runs forward passes of an instrumented copy and hands over its calls of {@code group_norm}.
 *
 * <p>Not thread-safe, nor are two sessions of one model, because the taps are part of the model. As with {@link BackendSession},
 * always call it from the same thread.
 */
public interface TappedSession {

    /**
     * Runs {@code forward}, and runs it again for the calls whose tensors did not fit into the memory.
     *
     * <p>Calls are handed over one by one, in order. Each is freed before the next is read from native memory.
     *
     * @param input the argument of {@code forward}, with a batch axis, or a whole group
     * @param bytes native memory that one pass may keep. A larger call is kept alone
     * @return the model's outputs by name
     */
    Map<String, Tensor> run(ModelInput input, long bytes, Consumer<TappedCall> calls);

    /**
     * Runs images as the served model does, without keeping tensors.
     *
     * @param images of equal shape, without a batch axis
     * @throws dev.gnserve.failure.FailureException as {@link BackendSession#run}
     */
    List<Prediction> predict(List<? extends ModelInput> images);
}
