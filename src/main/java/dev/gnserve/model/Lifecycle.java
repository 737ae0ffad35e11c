package dev.gnserve.model;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where one loaded model is in its life. Every change is one compare-and-set from a phase that allows it; what comes too late,
 * such as a model that is ready after it was closed, changes nothing. Thread-safe.
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
        /** Its archive is read and loaded. */
        LOADING(ModelState.LOADING),
        /** Its workers run the inputs of its warm-up. */
        WARMING(ModelState.LOADING),
        READY(ModelState.READY),
        /** A forward pass has been inside for too long; the model is ready again when it returns. */
        HUNG(ModelState.FAILED),
        /** It takes no new requests and finishes what it accepted. */
        DRAINING(ModelState.UNLOADED),
        FAILED(ModelState.FAILED),
        CLOSED(ModelState.UNLOADED);

        private final ModelState seen;

        Phase(ModelState seen) {
            this.seen = seen;
        }

        /** As clients and meters see it. */
        ModelState seen() {
            return seen;
        }

        boolean mayBecome(Phase next) {
            return followers().contains(next);
        }

        private Set<Phase> followers() {
            return switch (this) {
                case LOADING -> EnumSet.of(WARMING, FAILED, DRAINING);
                case WARMING -> EnumSet.of(READY, FAILED, DRAINING);
                case READY -> EnumSet.of(HUNG, FAILED, DRAINING);
                case HUNG -> EnumSet.of(READY, FAILED, DRAINING);
                case FAILED -> EnumSet.of(DRAINING);
                case DRAINING -> EnumSet.of(CLOSED);
                case CLOSED -> EnumSet.noneOf(Phase.class);
            };
        }
    }

    /**
     * A moment of the life.
     *
     * @param reason why it failed, or what is wrong although it serves, or null
     * @param loadTime how long loading and warm-up took; null as long as it never was ready
     */
    record State(
            Phase phase, @Nullable String reason, @Nullable Duration loadTime) {}

    private final AtomicReference<State> state = new AtomicReference<>(new State(Phase.LOADING, null, null));
    private final Consumer<State> listener;

    /** @param listener hears of every change, on the thread that made it */
    Lifecycle(Consumer<State> listener) {
        this.listener = listener;
    }

    State now() {
        return Objects.requireNonNull(state.get(), "set from the start");
    }

    Phase phase() {
        return now().phase();
    }

    /** Enters a phase if the present one allows it, and says whether it did. */
    boolean enter(Phase next, @Nullable String reason) {
        return enter(next, reason, null);
    }

    /** As {@link #enter(Phase, String)}, with what loading took. */
    boolean enter(Phase next, @Nullable String reason, @Nullable Duration loadTime) {
        while (true) {
            State last = now();
            if (!last.phase().mayBecome(next)) {
                return false;
            }
            State changed = new State(next, reason, loadTime == null ? last.loadTime() : loadTime);
            if (state.compareAndSet(last, changed)) {
                listener.accept(changed);
                return true;
            }
        }
    }

    /** As {@link #enter(Phase, String)}, where it does not matter whether the phase allows it. */
    void tryEnter(Phase next, @Nullable String reason) {
        boolean unused = enter(next, reason);
    }

    /** Enters a phase from exactly one other, if it is in that. */
    void tryEnter(Phase from, Phase next, @Nullable String reason) {
        State last = now();
        while (last.phase() == from) {
            State changed = new State(next, reason, last.loadTime());
            if (state.compareAndSet(last, changed)) {
                listener.accept(changed);
                return;
            }
            last = now();
        }
    }

    /** Says why something is wrong in a phase, if it is in that. */
    void remark(Phase in, String reason) {
        State last = now();
        while (last.phase() == in && !state.compareAndSet(last, new State(in, reason, last.loadTime()))) {
            last = now();
        }
    }
}
