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

    /** The kind for a failure. Exhaustive, so that a new code does not compile without a status. */
    static ProblemKind of(FailureCode code) {
        return switch (code) {
            case INVALID_REQUEST -> new ProblemKind(HttpStatus.BAD_REQUEST, code.name(), "The request is not valid");
            case UNAUTHENTICATED ->
                new ProblemKind(HttpStatus.UNAUTHORIZED, code.name(), "The API key is missing or wrong");
            case MODEL_NOT_FOUND -> new ProblemKind(HttpStatus.NOT_FOUND, code.name(), "There is no such model");
            case WRONG_TASK -> new ProblemKind(HttpStatus.CONFLICT, code.name(), "The model has another task");
            case UPLOAD_TOO_LARGE ->
                new ProblemKind(HttpStatus.CONTENT_TOO_LARGE, code.name(), "The upload has too many bytes");
            case IMAGE_TOO_LARGE ->
                new ProblemKind(HttpStatus.CONTENT_TOO_LARGE, code.name(), "The image has too many pixels");
            case UNSUPPORTED_MEDIA ->
                new ProblemKind(HttpStatus.UNSUPPORTED_MEDIA_TYPE, code.name(), "The image format is not supported");
            case IMAGE_UNDECODABLE ->
                new ProblemKind(HttpStatus.UNPROCESSABLE_CONTENT, code.name(), "The image cannot be decoded");
            case OVERLOADED ->
                new ProblemKind(HttpStatus.TOO_MANY_REQUESTS, code.name(), "The service has too much work");
            case MODEL_UNAVAILABLE ->
                new ProblemKind(HttpStatus.SERVICE_UNAVAILABLE, code.name(), "The model is not ready");
            case SHUTTING_DOWN ->
                new ProblemKind(HttpStatus.SERVICE_UNAVAILABLE, code.name(), "The service is shutting down");
            case DEADLINE_EXCEEDED ->
                new ProblemKind(HttpStatus.GATEWAY_TIMEOUT, code.name(), "The deadline of the request passed");
            case ENGINE_FAULT ->
                new ProblemKind(HttpStatus.INTERNAL_SERVER_ERROR, code.name(), "The engine failed on this image");
        };
    }

    /** The kind for a request that the web server or Spring refuses. */
    static ProblemKind of(HttpStatusCode status) {
        return switch (status.value()) {
            case 404 -> new ProblemKind(status, "NOT_FOUND", "There is nothing at this path");
            case 405 -> new ProblemKind(status, "METHOD_NOT_ALLOWED", "The path does not support this method");
            case 406 -> new ProblemKind(status, "NOT_ACCEPTABLE", "The operation has none of the accepted media types");
            case 413 -> of(FailureCode.UPLOAD_TOO_LARGE);
            case 415 -> of(FailureCode.UNSUPPORTED_MEDIA);
            // Unknown methods and HTTP versions: errors of the request, although HTTP counts them as errors of the
            // server.
            case 501, 505 -> new ProblemKind(status, FailureCode.INVALID_REQUEST.name(), "The request is not valid");
            default ->
                status.is4xxClientError()
                        ? new ProblemKind(status, FailureCode.INVALID_REQUEST.name(), "The request is not valid")
                        : new ProblemKind(status, "INTERNAL_ERROR", "The service failed");
        };
    }

    Problem occurrence(String detail, String requestId) {
        String slug = code.toLowerCase(Locale.ROOT).replace('_', '-');
        return new Problem("https://gnserve.dev/problems/" + slug, title, status.value(), detail, code, requestId);
    }
}
