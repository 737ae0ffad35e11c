package dev.gnserve.problem;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.json.JsonMapper;

/** Turns failures into problem documents and responses, and logs them. */
public final class Problems {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);

    private static final JsonMapper JSON = new JsonMapper();

    private Problems() {}

    /** The document for a failure. Logs the cause, which the document does not have: at error for an engine fault, else at debug. */
    public static Problem of(Failure failure, String requestId) {
        Level level = failure.code() == FailureCode.ENGINE_FAULT ? Level.ERROR : Level.DEBUG;
        log.atLevel(level)
                .setCause(failure.cause())
                .log("{} requestId={}: {}", failure.code(), requestId, failure.detail());
        return ProblemKind.of(failure.code()).occurrence(failure.detail(), requestId);
    }

    /** The response for a failure, with {@code Retry-After} (seconds, rounded up) if it is known. */
    public static ResponseEntity<Object> response(Failure failure, HttpServletRequest request) {
        HttpHeaders headers = new HttpHeaders();
        if (failure.retryAfter() != null) {
            headers.set(HttpHeaders.RETRY_AFTER, seconds(failure.retryAfter()));
        }
        return response(of(failure, RequestId.of(request)), headers, request);
    }

    /**
     * Writes the same response as {@link #response} in fewer steps.
     *
     * @throws IOException if the connection breaks
     */
    public static void write(Failure failure, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (failure.retryAfter() != null) {
            response.setHeader(HttpHeaders.RETRY_AFTER, seconds(failure.retryAfter()));
        }
        write(of(failure, RequestId.of(request)), request, response);
    }

    static void write(Problem problem, HttpServletRequest request, HttpServletResponse response) throws IOException {
        boolean protocol = ProtocolError.isExpectedBy(request);
        byte[] body = JSON.writeValueAsBytes(protocol ? new ProtocolError(problem.detail()) : problem);
        response.setStatus(problem.status());
        response.setContentType(protocol ? MediaType.APPLICATION_JSON_VALUE : MediaType.APPLICATION_PROBLEM_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static String seconds(Duration retryAfter) {
        return Long.toString(Math.max(1, retryAfter.plusMillis(999).toSeconds()));
    }

    static ResponseEntity<Object> response(
            HttpStatusCode status, String detail, HttpHeaders headers, HttpServletRequest request) {
        return response(ProblemKind.of(status).occurrence(detail, RequestId.of(request)), headers, request);
    }

    private static ResponseEntity<Object> response(Problem problem, HttpHeaders headers, HttpServletRequest request) {
        ResponseEntity.BodyBuilder response =
                ResponseEntity.status(problem.status()).headers(headers);
        if (ProtocolError.isExpectedBy(request)) {
            return response.contentType(MediaType.APPLICATION_JSON).body(new ProtocolError(problem.detail()));
        }
        return response.contentType(MediaType.APPLICATION_PROBLEM_JSON).body(problem);
    }
}
