package dev.gnserve.jobs;

import dev.gnserve.access.KeyUsed;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.problem.FailsWith;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** {@code /v1/jobs}. */
@RestController
@Tag(name = "jobs")
class JobsController {

    private static final String ID = "5f0c6a1be1d64b6f9a3c2d7e8f901234";

    private final @Nullable Jobs jobs;

    /** @param jobs null if they are off */
    JobsController(@Nullable Jobs jobs) {
        this.jobs = jobs;
    }

    private Jobs jobs() {
        if (jobs == null) {
            throw Failure.of(
                            FailureCode.NOT_FOUND,
                            "Jobs are off. To have requests answered later, start the service with gnserve.jobs.dir=FOLDER."
                                    + " Until then, each request is answered at once.")
                    .asException();
        }
        return jobs;
    }

    @GetMapping(path = "/v1/jobs", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "listJobs",
            summary = "List jobs",
            description = "The jobs that were submitted with the same API key, the newest first.")
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.NOT_FOUND,
        FailureCode.SHUTTING_DOWN
    })
    JobDescription.Listing list(HttpServletRequest request) {
        return new JobDescription.Listing(jobs().list(KeyUsed.idOf(request)));
    }

    @GetMapping(path = "/v1/jobs/{id}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "getJob",
            summary = "State and progress of a job",
            description =
                    "Whether the job waits, runs or has finished, and what it has done so far. Ask again after a moment.")
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.NOT_FOUND,
        FailureCode.JOB_NOT_FOUND,
        FailureCode.SHUTTING_DOWN
    })
    JobDescription get(@PathVariable @Parameter(example = ID) String id, HttpServletRequest request) {
        return jobs().get(id, KeyUsed.idOf(request));
    }

    @GetMapping("/v1/jobs/{id}/result")
    @Operation(
            operationId = "getJobResult",
            summary = "The answer to the request of a job",
            description =
                    "Status, media type and body as the request would have got them at once. Where the request failed, that is"
                            + " a problem with the status of that failure. `Accept` was that of the request.")
    @ApiResponse(
            responseCode = "200",
            description = "The answer, such as the JSON of the operation or a picture",
            content = {
                @Content(mediaType = "application/json", schema = @Schema(type = "object")),
                @Content(mediaType = "application/octet-stream", schema = @Schema(type = "string", format = "binary"))
            })
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.NOT_FOUND,
        FailureCode.JOB_NOT_FOUND,
        FailureCode.JOB_NOT_FINISHED,
        FailureCode.SHUTTING_DOWN
    })
    void result(
            @PathVariable @Parameter(example = ID) String id, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        Jobs.Result result = jobs().result(id, KeyUsed.idOf(request));
        try (var body = result.body()) {
            response.setStatus(result.outcome().status());
            result.outcome().headers().forEach((name, value) -> {
                if (!response.containsHeader(name)) { // The id and the safety headers are those of this request.
                    response.setHeader(name, value);
                }
            });
            response.setContentLengthLong(result.outcome().bytes());
            body.transferTo(response.getOutputStream());
        }
    }

    @DeleteMapping("/v1/jobs/{id}")
    @ResponseStatus(HttpStatus.NO_CONTENT)
    @Operation(
            operationId = "deleteJob",
            summary = "Cancel or delete a job",
            description =
                    "Cancels a job that waits or runs: its state becomes CANCELLED. Deletes a finished job and its result.")
    @ApiResponse(responseCode = "204", description = "The job is cancelled or deleted")
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.NOT_FOUND,
        FailureCode.JOB_NOT_FOUND,
        FailureCode.SHUTTING_DOWN
    })
    void delete(@PathVariable @Parameter(example = ID) String id, HttpServletRequest request) throws IOException {
        jobs().delete(id, KeyUsed.idOf(request));
    }
}
