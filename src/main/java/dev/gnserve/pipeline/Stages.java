package dev.gnserve.pipeline;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;

/** Publishes how long the stages outside the engine took. */
record Stages(String model, String version, ApplicationEventPublisher events) {

    static final Stages UNPUBLISHED = new Stages("", "", event -> {});

    Duration took(ImageStage.Name stage, long beganNanos) {
        Duration elapsed = Duration.ofNanos(System.nanoTime() - beganNanos);
        events.publishEvent(new ImageStage(model, version, stage, elapsed));
        return elapsed;
    }

    <T extends @Nullable Object> T encoded(Supplier<T> encode) {
        long began = System.nanoTime();
        T encoded = encode.get();
        took(ImageStage.Name.ENCODE, began);
        return encoded;
    }

    void completed(Timing timing) {
        events.publishEvent(new ImageCompleted(timing));
    }
}
