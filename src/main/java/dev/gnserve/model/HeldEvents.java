package dev.gnserve.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds events back until all listeners exist: models load while the other components are made. Thread-safe.
 */
public final class HeldEvents implements Consumer<Object> {

    private final Consumer<Object> listeners;
    private @Nullable List<Object> held = new ArrayList<>(); // guarded by this; null after release

    /** @param listeners called on the thread of the event, or on that of {@link #release} */
    public HeldEvents(Consumer<Object> listeners) {
        this.listeners = listeners;
    }

    @Override
    public void accept(Object event) {
        synchronized (this) {
            if (held != null) {
                held.add(event);
                return;
            }
        }
        listeners.accept(event);
    }

    /** Passes on what was held back, in its order, and from now on each event at once. Again, it does nothing. */
    public void release() {
        while (true) {
            List<Object> next;
            synchronized (this) {
                if (held == null) {
                    return;
                }
                next = held;
                held = next.isEmpty() ? null : new ArrayList<>();
            }
            next.forEach(listeners);
        }
    }
}
