package dev.gnserve.model;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The phase of one loaded model. A phase can only follow certain others, and each change is atomic. A change that comes too late, such
 * as READY after the model was closed, has no effect. Thread-safe.
 *
 * <pre>
 * LOADING -> WARMING -> READY -> DRAINING -> CLOSED
 *     |         |        ^ |         ^
 *     v         v        | v         |
 *     FAILED <--+------ HUNG --------+      (READY, HUNG -> FAILED; any but CLOSED -> DRAINING)
 * </pre>
 */
final class Lifecycle {

    /** The phases, with those that may follow. */
    enum Phase {
        /** The archive is read and loaded. */
        LOADING(ModelState.LOADING),
        /** The workers run their warm-up. */
        WARMING(ModelState.LOADING),
        READY(ModelState.READY),
        /** A forward pass takes too long. The model is READY again when it returns. */
        HUNG(ModelState.FAILED),
        /** The model refuses new requests and finishes the accepted ones. */
        DRAINING(ModelState.UNLOADED),
        FAILED(ModelState.FAILED),
        CLOSED(ModelState.UNLOADED);

        private final ModelState seen;

        Phase(ModelState seen) {
            this.seen = seen;
        }

        /** The state that clients and meters see. */
        ModelState seen() {
            return seen;
        }

        boolean mayBecome(Phase next) {
            return followers().contains(next);
        }

        private Set<Phase> followers() {
            return switch (this) {
                case LOADING -> EnumSet.of(WARMING, FAILED, DRAINING);
                case WARMING -> EnumSet.of(WARMING, READY, FAILED, DRAINING); // A second time as exported.
                case READY -> EnumSet.of(HUNG, FAILED, DRAINING);
                case HUNG -> EnumSet.of(READY, FAILED, DRAINING);
                case FAILED -> EnumSet.of(DRAINING);
                case DRAINING -> EnumSet.of(CLOSED);
                case CLOSED -> EnumSet.noneOf(Phase.class);
            };
        }
    }

    /**
     * The phase with its details.
     *
     * @param reason why the model failed, or what is wrong although it serves; or null
     * @param loadTime the time for loading and warm-up; null if the model was never ready
     */
    record State(
            Phase phase, @Nullable String reason, @Nullable Duration loadTime) {}

    private final AtomicReference<State> state = new AtomicReference<>(new State(Phase.LOADING, null, null));
    private final Consumer<State> listener;

    /** @param listener called after every change of the phase, on the thread that made it */
    Lifecycle(Consumer<State> listener) {
        this.listener = listener;
    }

    State now() {
        return Objects.requireNonNull(state.get(), "set from the start");
    }

    Phase phase() {
        return now().phase();
    }

    /** Enters a phase if the present one allows it; returns whether it did. */
    boolean enter(Phase next, @Nullable String reason) {
        return enter(next, reason, null);
    }

    /** As {@link #enter(Phase, String)}, and sets the load time. */
    boolean enter(Phase next, @Nullable String reason, @Nullable Duration loadTime) {
        return change(phase -> phase.mayBecome(next), next, reason, loadTime);
    }

    /** Enters a phase if the present one is {@code from}; returns whether it did. */
    boolean enterFrom(Phase from, Phase next, @Nullable String reason) {
        return change(from::equals, next, reason, null);
    }

    /** Sets the reason if the present phase is {@code in}. The listener is not called. */
    void setReason(Phase in, String reason) {
        change(in::equals, in, reason, null);
    }

    private boolean change(Predicate<Phase> allowed, Phase next, @Nullable String reason, @Nullable Duration loadTime) {
        for (State last = now(); allowed.test(last.phase()); last = now()) {
            State changed = new State(next, reason, loadTime == null ? last.loadTime() : loadTime);
            if (state.compareAndSet(last, changed)) {
                if (next != last.phase()) {
                    listener.accept(changed);
                }
                return true;
            }
        }
        return false;
    }
}
