package dev.gnserve.telemetry;

import dev.gnserve.batching.BatchCompleted;
import dev.gnserve.batching.BatchListener;
import dev.gnserve.batching.BatchedItem;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.pipeline.ImageStage;
import dev.gnserve.pipeline.RequestCompleted;
import io.micrometer.tracing.Link;
import io.micrometer.tracing.Span;
import io.micrometer.tracing.TraceContext;
import io.micrometer.tracing.Tracer;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Makes the spans below that of a request: decode, preprocess, queue, infer, postprocess, encode. It makes them at their end, from the
 * same events as the meters, so that no other class knows of tracing. Thread-safe.
 *
 * <p>A batch belongs to several requests. Its span is in the trace of the first one and links to the others. The infer span of each item
 * links to the span of the batch.
 */
@Component
@ConditionalOnBooleanProperty("gnserve.tracing")
final class Traces implements BatchListener {

    private final Tracer tracer;

    Traces(Tracer tracer) {
        this.tracer = tracer;
    }

    /** The trace of the request on this thread, if it is sampled. */
    @Override
    public @Nullable Object submitted() {
        Span request = tracer.currentSpan();
        return request != null && Boolean.TRUE.equals(request.context().sampled()) ? request.context() : null;
    }

    @Override
    public void batchCompleted(BatchCompleted batch) {
        long ended = now();
        List<BatchedItem> traced = batch.items().stream()
                .filter(item -> item.origin() instanceof TraceContext)
                .toList();
        if (!traced.isEmpty()) {
            TraceContext span = batchSpan(batch, traced, ended);
            traced.forEach(item -> itemSpans(batch, item, span, ended));
        }
    }

    private TraceContext batchSpan(BatchCompleted batch, List<BatchedItem> traced, long ended) {
        long began = ended - batch.stages().total().toNanos();
        Span.Builder builder = span(batch, "batch", request(traced.get(0)), began)
                .tag("gnserve.batch.size", String.valueOf(batch.size()))
                .tag("gnserve.outcome", outcome(batch.failure()));
        traced.stream().skip(1).forEach(item -> builder.addLink(new Link(request(item))));
        Span span = builder.start();
        long assembled = began + batch.stages().assemble().toNanos();
        long inferred = assembled + batch.stages().infer().toNanos();
        end(span(batch, "assemble", span.context(), began), assembled);
        end(span(batch, "forward", span.context(), assembled), inferred);
        end(span(batch, "split", span.context(), inferred), ended);
        span.end(ended, TimeUnit.NANOSECONDS);
        return span.context();
    }

    private void itemSpans(BatchCompleted batch, BatchedItem item, TraceContext batchSpan, long ended) {
        long began = ended - batch.stages().total().toNanos();
        if (!batch.again()) {
            end(span(batch, "queue", request(item), began - item.queueWait().toNanos()), began);
        }
        end(
                span(batch, "infer", request(item), began)
                        .tag("gnserve.outcome", outcome(batch.failure()))
                        .addLink(new Link(batchSpan)),
                ended);
    }

    @EventListener
    void imageStage(ImageStage stage) {
        Span request = tracer.currentSpan();
        if (request != null) {
            long ended = now();
            String name = stage.stage().name().toLowerCase(Locale.ROOT);
            end(
                    span(
                            stage.model(),
                            stage.version(),
                            name,
                            request.context(),
                            ended - stage.elapsed().toNanos()),
                    ended);
        }
    }

    /** Tags the span of the request with what the response and the log show, so that the trace can be found. */
    @EventListener
    void requestCompleted(RequestCompleted end) {
        Span request = tracer.currentSpan();
        if (request != null) {
            request.tag("gnserve.model", Objects.requireNonNullElse(end.model(), "none"))
                    .tag("gnserve.version", Objects.requireNonNullElse(end.version(), "none"))
                    .tag("gnserve.outcome", outcome(end.failure()))
                    .tag("gnserve.request.id", Objects.requireNonNullElse(MDC.get("requestId"), "none"));
        }
    }

    private Span.Builder span(BatchCompleted batch, String name, TraceContext parent, long began) {
        return span(batch.model(), batch.version(), name, parent, began);
    }

    private Span.Builder span(String model, String version, String name, TraceContext parent, long began) {
        return tracer.spanBuilder()
                .name(name)
                .setParent(parent)
                .startTimestamp(began, TimeUnit.NANOSECONDS)
                .tag("gnserve.model", model)
                .tag("gnserve.version", version);
    }

    private static void end(Span.Builder span, long ended) {
        span.start().end(ended, TimeUnit.NANOSECONDS);
    }

    private static TraceContext request(BatchedItem item) {
        return (TraceContext) Objects.requireNonNull(item.origin());
    }

    private static String outcome(@Nullable FailureCode failure) {
        return failure == null ? "ok" : failure.name();
    }

    private static long now() {
        Instant now = Instant.now();
        return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
    }
}
