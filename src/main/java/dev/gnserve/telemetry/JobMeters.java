package dev.gnserve.telemetry;

import dev.gnserve.jobs.JobFinished;
import dev.gnserve.jobs.JobState;
import dev.gnserve.jobs.Jobs;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/** Meters of jobs. Thread-safe. */
@Component
@ConditionalOnProperty("gnserve.jobs.dir")
final class JobMeters {

    private final Map<JobState, Counter> finished = new EnumMap<>(JobState.class);

    JobMeters(MeterRegistry registry, Jobs jobs) {
        for (JobState state : JobState.values()) {
            String name = state.name().toLowerCase(Locale.ROOT);
            Gauge.builder("gnserve.jobs", jobs, all -> all.count(state))
                    .description("Jobs that are kept, by state")
                    .tag("state", name)
                    .register(registry);
            if (state != JobState.QUEUED && state != JobState.RUNNING) {
                finished.put(
                        state,
                        Counter.builder("gnserve.jobs.finished")
                                .description("Jobs that ended, by outcome: succeeded, failed, cancelled")
                                .tag("outcome", name)
                                .register(registry));
            }
        }
    }

    @EventListener
    void finished(JobFinished job) {
        Objects.requireNonNull(finished.get(job.state())).increment();
    }
}
