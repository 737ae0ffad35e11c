package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;
import java.util.Locale;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;

/**
 * The status, code and title of a problem.
 *
 * @param status the HTTP status
 * @param code for programs, in upper case with underscores
 * @param title the same for every problem of the kind
 */
record ProblemKind(HttpStatusCode status, String code, String title) {

    private ProblemKind(HttpStatusCode status, FailureCode code, String title) {
        this(status, code.name(), title);
    }

    /** The kind for a failure. Exhaustive, so that a new code does not compile without a status. */
    static ProblemKind of(FailureCode code) {
        return switch (code) {
            case INVALID_REQUEST -> new ProblemKind(HttpStatus.BAD_REQUEST, code, "The request is not valid");
            case UNAUTHENTICATED -> new ProblemKind(HttpStatus.UNAUTHORIZED, code, "The API key is missing or wrong");
            case MODEL_NOT_FOUND -> new ProblemKind(HttpStatus.NOT_FOUND, code, "There is no such model");
            case WRONG_TASK -> new ProblemKind(HttpStatus.CONFLICT, code, "The model has another task");
            case UPLOAD_TOO_LARGE ->
                new ProblemKind(HttpStatus.CONTENT_TOO_LARGE, code, "The upload has too many bytes");
            case IMAGE_TOO_LARGE ->
                new ProblemKind(HttpStatus.CONTENT_TOO_LARGE, code, "The image has too many pixels");
            case UNSUPPORTED_MEDIA ->
                new ProblemKind(HttpStatus.UNSUPPORTED_MEDIA_TYPE, code, "The image format is not supported");
            case IMAGE_UNDECODABLE ->
                new ProblemKind(HttpStatus.UNPROCESSABLE_CONTENT, code, "The image cannot be decoded");
            case OVERLOADED -> new ProblemKind(HttpStatus.TOO_MANY_REQUESTS, code, "The service has too much work");
            case MODEL_UNAVAILABLE -> new ProblemKind(HttpStatus.SERVICE_UNAVAILABLE, code, "The model is not ready");
            case SHUTTING_DOWN -> new ProblemKind(HttpStatus.SERVICE_UNAVAILABLE, code, "The service is shutting down");
            case DEADLINE_EXCEEDED ->
                new ProblemKind(HttpStatus.GATEWAY_TIMEOUT, code, "The deadline of the request passed");
            case NOT_FOUND -> new ProblemKind(HttpStatus.NOT_FOUND, code, "There is nothing at this path");
            case JOB_NOT_FOUND -> new ProblemKind(HttpStatus.NOT_FOUND, code, "There is no such job");
            case JOB_NOT_FINISHED -> new ProblemKind(HttpStatus.CONFLICT, code, "The job has no result");
            case ENGINE_FAULT ->
                new ProblemKind(HttpStatus.INTERNAL_SERVER_ERROR, code, "The engine failed on this image");
        };
    }

    /** The kind for a request that the web server or Spring refuses. */
    static ProblemKind of(HttpStatusCode status) {
        return switch (status.value()) {
            case 404 -> of(FailureCode.NOT_FOUND);
            case 405 -> new ProblemKind(status, "METHOD_NOT_ALLOWED", "The path does not support this method");
            case 406 -> new ProblemKind(status, "NOT_ACCEPTABLE", "The operation has none of the accepted media types");
            case 413 -> of(FailureCode.UPLOAD_TOO_LARGE);
            case 415 -> of(FailureCode.UNSUPPORTED_MEDIA);
            default -> {
                // An unknown method (501) or HTTP version (505) is an error of the request, too.
                boolean invalid = status.is4xxClientError() || status.value() == 501 || status.value() == 505;
                yield invalid
                        ? new ProblemKind(status, FailureCode.INVALID_REQUEST, "The request is not valid")
                        : new ProblemKind(status, "INTERNAL_ERROR", "The service failed");
            }
        };
    }

    Problem occurrence(String detail, String requestId) {
        String slug = code.toLowerCase(Locale.ROOT).replace('_', '-');
        return new Problem("https://gnserve.dev/problems/" + slug, title, status.value(), detail, code, requestId);
    }
}
