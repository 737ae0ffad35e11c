package dev.gnserve.model;

import dev.gnserve.backend.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What accompanies one loaded model and ends with it: its verification, its check against a golden image. The model owns it.
 * Thread-safe.
 */
public interface ModelCompanion {

    /** Makes the companion of a model whose archive is loaded and whose manifest is read; on the thread that loads it. */
    @FunctionalInterface
    interface Factory {
        ModelCompanion of(LoadedModel model);
    }

    /**
     * Has the last word before a loaded and warm model becomes ready; on the thread that loads it.
     *
     * @param inference runs inputs as they will run when the model serves
     * @return why the model must not serve and what to do, or null
     */
    default @Nullable String objection(Inference inference) {
        return null;
    }

    /**
     * An input of live traffic was accepted. On the thread that asked, so it must be quick, and it must not throw. The input does
     * not change any more.
     */
    default void accepted(Tensor input) {}

    /** The model ends: takes no more work from now on. What runs goes on. May come again, and then does nothing. */
    default void end() {}

    /** Frees what it holds. Comes after {@link #end}, when no engine call of the model is inside. */
    default void close() {}
}
