package dev.gnserve.jobs;

import dev.gnserve.problem.Problem;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The end of a job, as it is kept on disk; the body of the answer is in a file beside it.
 *
 * @param state SUCCEEDED, FAILED or CANCELLED
 * @param started null if it never ran
 * @param status of the answer; 0 if there is none
 * @param headers of the answer, by name
 * @param problem of a job that failed, where there is one
 * @param bytes of the body of the answer
 */
record JobOutcome(
        JobState state,
        @Nullable Instant started,
        Instant finished,
        int status,
        Map<String, String> headers,
        @Nullable Problem problem,
        long bytes) {

    JobOutcome {
        headers = Map.copyOf(headers);
    }

    /** Without an answer. */
    static JobOutcome without(JobState state, @Nullable Instant started, Instant finished, @Nullable Problem problem) {
        return new JobOutcome(state, started, finished, 0, Map.of(), problem, 0);
    }
}
