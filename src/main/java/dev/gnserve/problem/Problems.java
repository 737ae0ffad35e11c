package dev.gnserve.problem;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.json.JsonMapper;

/** Renders failures as problem documents and logs those that an operator must know. */
public final class Problems {

    private static final Logger log = LoggerFactory.getLogger(Problems.class);

    private static final JsonMapper JSON = new JsonMapper();

    private Problems() {}

    /** The document for a failure; an engine fault is logged with its cause, because the document does not carry it. */
    public static Problem of(Failure failure, String requestId) {
        if (failure.code() == FailureCode.ENGINE_FAULT) {
            log.error("{} requestId={}: {}", failure.code(), requestId, failure.detail(), failure.cause());
        } else {
            log.debug("{} requestId={}: {}", failure.code(), requestId, failure.detail(), failure.cause());
        }
        return ProblemKind.of(failure.code()).occurrence(failure.detail(), requestId);
    }

    /** The whole answer for a failure, with {@code Retry-After} (seconds, rounded up) where it is known. */
    public static ResponseEntity<Object> answer(Failure failure, HttpServletRequest request) {
        HttpHeaders headers = new HttpHeaders();
        if (failure.retryAfter() != null) {
            headers.set(HttpHeaders.RETRY_AFTER, seconds(failure.retryAfter()));
        }
        return answer(of(failure, RequestId.of(request)), headers, request);
    }

    /**
     * Writes the whole answer for a failure, as {@link #answer} describes it, in few steps.
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

    static ResponseEntity<Object> answer(
            HttpStatusCode status, String detail, HttpHeaders headers, HttpServletRequest request) {
        return answer(ProblemKind.of(status).occurrence(detail, RequestId.of(request)), headers, request);
    }

    private static ResponseEntity<Object> answer(Problem problem, HttpHeaders headers, HttpServletRequest request) {
        ResponseEntity.BodyBuilder answer =
                ResponseEntity.status(problem.status()).headers(headers);
        if (ProtocolError.isExpectedBy(request)) {
            return answer.contentType(MediaType.APPLICATION_JSON).body(new ProtocolError(problem.detail()));
        }
        return answer.contentType(MediaType.APPLICATION_PROBLEM_JSON).body(problem);
    }
}
