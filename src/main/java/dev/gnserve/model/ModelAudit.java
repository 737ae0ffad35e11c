package dev.gnserve.model;

import dev.gnserve.backend.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Watches what models compute, beside their service. Thread-safe. */
public interface ModelAudit {

    /** Watches nothing. */
    ModelAudit NONE = new ModelAudit() {
        @Override
        public @Nullable String objection(ServedModel model, Inference inference) {
            return null;
        }

        @Override
        public void accepted(ServedModel model, Tensor input) {
            // Nobody looks.
        }
    };

    /** All of them, one after the other; the first objection counts. */
    static ModelAudit all(List<ModelAudit> audits) {
        List<ModelAudit> all = List.copyOf(audits);
        return new ModelAudit() {
            @Override
            public @Nullable String objection(ServedModel model, Inference inference) {
                for (ModelAudit audit : all) {
                    String objection = audit.objection(model, inference);
                    if (objection != null) {
                        return objection;
                    }
                }
                return null;
            }

            @Override
            public void accepted(ServedModel model, Tensor input) {
                all.forEach(audit -> audit.accepted(model, input));
            }

            @Override
            public void ended(ServedModel model) {
                all.forEach(audit -> audit.ended(model));
            }
        };
    }

    /**
     * Has the last word before a loaded and warm model becomes ready; on the thread that loads it.
     *
     * @param inference runs inputs as they will run when the model serves
     * @return why the model must not serve and what to do, or null
     */
    @Nullable
    String objection(ServedModel model, Inference inference);

    /**
     * An input of live traffic was accepted. On the thread that asked, so it must be quick, and it must not throw. Nobody
     * changes the input any more.
     */
    void accepted(ServedModel model, Tensor input);

    /** The model serves no more and never will again: what is kept for it can go. */
    default void ended(ServedModel model) {}
}
