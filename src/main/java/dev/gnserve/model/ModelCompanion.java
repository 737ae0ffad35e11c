package dev.gnserve.model;

import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Prediction;
import org.jspecify.annotations.Nullable;

/**
 * Accompanies one loaded model, which owns it and closes it: the model's verification, or its check with a golden image.
 * Thread-safe.
 */
public interface ModelCompanion {

    /** Makes the companion of a model whose manifest is read and archive is loaded. Called on the thread that loads the model. */
    @FunctionalInterface
    interface Factory {
        ModelCompanion of(LoadedModel model);
    }

    /**
     * Checks a model after its warm-up, before it becomes ready. Called on the thread that loads it.
     *
     * @param inference runs inputs as when the model serves
     * @return why the model must not serve and what to do; or null
     */
    default @Nullable String objection(Inference inference) {
        return null;
    }

    /**
     * An input of live traffic was accepted. Called on the request's thread: must be fast and must not throw. The input does not
     * change any more.
     */
    default void accepted(ModelInput input) {}

    /**
     * An input that gnserve made, for example of an image, was answered. Tensors of clients are left out. Called on a thread of the engine:
     * must be fast and must not throw.
     *
     * @param prediction does not change any more
     */
    default void answered(ModelInput input, Prediction prediction) {}

    /** Refuses new work from now on, because the model ends. Running work goes on. A second call has no effect. */
    default void end() {}

    /** Frees memory. Called after {@link #end}, when no call of the model is inside the engine. */
    default void close() {}
}
