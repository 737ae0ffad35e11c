package dev.gnserve.jobs;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.problem.Problem;
import io.swagger.v3.oas.annotations.media.Schema;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job as its client sees it.
 *
 * @param version that was asked for; left out if the default one answers
 * @param started of its first run
 * @param expires when the job and its result are deleted; known when it is finished
 * @param progress while it runs, when an image has been decoded; not after a restart
 * @param problem of a job that failed
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
@Schema(name = "Job", description = "A request that is answered later.")
record JobDescription(
        @Schema(example = "5f0c6a1be1d64b6f9a3c2d7e8f901234")
        String id,

        @Schema(example = "nuclei-unet-gn") String model,
        @Schema(example = "1") @Nullable String version,
        @Schema(example = "segment") String operation,
        JobState state,
        @Schema(example = "2026-01-31T12:00:00Z") Instant submitted,
        @Schema(example = "2026-01-31T12:00:01Z") @Nullable Instant started,
        @Schema(example = "2026-01-31T12:04:00Z") @Nullable Instant finished,
        @Schema(example = "2026-01-31T13:04:00Z") @Nullable Instant expires,
        @Nullable Progress progress,
        @Nullable Problem problem) {

    /**
     * Inputs (an image, its tiles, or the windows of a volume) that have been through the model, of those that are known so far.
     *
     * @param total grows while further images of the request are decoded
     */
    @Schema(name = "JobProgress")
    record Progress(
            @Schema(example = "120") int done,
            @Schema(example = "343") int total) {}

    /**
     * Jobs, the newest first.
     *
     * @param jobs those that the client may see
     */
    @Schema(name = "JobList")
    record Listing(List<JobDescription> jobs) {}
}
