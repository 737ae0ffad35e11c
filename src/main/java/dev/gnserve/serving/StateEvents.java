package dev.gnserve.serving;

import dev.gnserve.model.ModelListener;
import dev.gnserve.model.ModelStateChanged;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;

/**
 * Publishes changes of models' states once all components are made. Spring loses events that another thread publishes before; the
 * components read the states when they are made. Thread-safe.
 */
@Component
final class StateEvents implements ModelListener, SmartInitializingSingleton {

    private final ApplicationEventPublisher events;
    private volatile boolean heard;

    StateEvents(ApplicationEventPublisher events) {
        this.events = events;
    }

    @Override
    public void stateChanged(ModelStateChanged change) {
        if (heard) {
            events.publishEvent(change);
        }
    }

    @Override
    public void afterSingletonsInstantiated() {
        heard = true;
    }
}
