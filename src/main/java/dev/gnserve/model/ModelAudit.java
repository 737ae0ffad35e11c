package dev.gnserve.model;

import dev.gnserve.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** Watches what models compute, beside their service. Thread-safe. */
public interface ModelAudit {

    /** Watches nothing. */
    ModelAudit NONE = new ModelAudit() {
        @Override
        public @Nullable String objection(ServedModel model) {
            return null;
        }

        @Override
        public void accepted(ServedModel model, Tensor input) {
            // Nobody looks.
        }
    };

    /**
     * Has the last word before a loaded and warm model becomes ready; on the thread that loads it.
     *
     * @return why the model must not serve and what to do, or null
     */
    @Nullable
    String objection(ServedModel model);

    /**
     * An input of live traffic was accepted. On the thread that asked, so it must be quick, and it must not throw. Nobody
     * changes the input any more.
     */
    void accepted(ServedModel model, Tensor input);
}
