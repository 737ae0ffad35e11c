package dev.gnserve.problem;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.coyote.BadRequestException;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.apache.tomcat.util.http.fileupload.impl.FileCountLimitExceededException;
import org.apache.tomcat.util.http.fileupload.impl.SizeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.unit.DataSize;
import org.springframework.web.ErrorResponse;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.multipart.MaxUploadSizeExceededException;
import org.springframework.web.multipart.MultipartException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;
import org.springframework.web.util.DisconnectedClientHelper;

/** Turns exceptions into problem documents: those of controllers, and those before a controller is reached. */
@RestControllerAdvice
final class ProblemAdvice extends ResponseEntityExceptionHandler {

    private static final Logger log = LoggerFactory.getLogger(ProblemAdvice.class);

    private final DataSize largestUpload;
    private final int mostParts;
    private final ApplicationEventPublisher events;

    ProblemAdvice(
            @Value("${spring.servlet.multipart.max-request-size}") DataSize largestUpload,
            @Value("${server.tomcat.max-part-count}") int mostParts,
            ApplicationEventPublisher events) {
        this.events = events;
        this.largestUpload = largestUpload;
        this.mostParts = mostParts;
    }

    @ExceptionHandler
    ResponseEntity<Object> failed(FailureException exception, HttpServletRequest request) {
        count(exception.failure().code(), request);
        return Problems.response(exception.failure(), request);
    }

    /** Counts a refusal that no model is asked for: a value of a parameter, a model that does not exist. */
    private void count(FailureCode code, HttpServletRequest request) {
        if (request.getMethod().equals("POST")) {
            countAnyMethod(code, request);
        }
    }

    private void countAnyMethod(FailureCode code, HttpServletRequest request) {
        if (UploadRefused.isDue(request)) {
            events.publishEvent(new UploadRefused(code));
            UploadRefused.counted(request);
        }
    }

    /** A multipart body that is malformed or has too many parts, or for which the budget of uploads is exhausted. */
    @ExceptionHandler
    ResponseEntity<Object> malformed(MultipartException exception, HttpServletRequest request) {
        Failure known = Failure.in(exception);
        if (known != null) {
            return refused(known, request);
        }
        String detail = MultipartStart.fault(request);
        if (detail == null) {
            detail = RequestFaults.malformedMultipart(exception.getMostSpecificCause(), request);
        }
        return refused(Failure.of(FailureCode.INVALID_REQUEST, detail, exception), request);
    }

    /**
     * A body that ends early, stops arriving or has invalid chunks, or a client that disconnected. The web server knows of it already,
     * and shows the error page if the client is still connected.
     */
    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> brokenOff(BadRequestException exception, HttpServletRequest request) {
        log.debug("requestId={}: the body could not be read", RequestId.of(request), exception);
        return null;
    }

    @ExceptionHandler
    ResponseEntity<Object> undecodable(InvalidParameterException exception, HttpServletRequest request) {
        String detail =
                "The query parameters cannot be decoded, or there are too many. Percent-encode them as UTF-8, with %25"
                        + " for %.";
        return refused(Failure.of(FailureCode.INVALID_REQUEST, detail, exception), request);
    }

    private ResponseEntity<Object> refused(Failure failure, HttpServletRequest request) {
        events.publishEvent(new UploadRefused(failure.code()));
        return Problems.response(failure, request);
    }

    @Override
    protected ResponseEntity<Object> handleMaxUploadSizeExceededException(
            MaxUploadSizeExceededException exception, HttpHeaders headers, HttpStatusCode status, WebRequest exchange) {
        HttpServletRequest request = ((ServletWebRequest) exchange).getRequest();
        return refused(tooLarge(exception, request), request);
    }

    /** Spring throws this exception for every exceeded limit of a multipart body. The cause tells which limit. */
    private Failure tooLarge(MaxUploadSizeExceededException exception, HttpServletRequest request) {
        Failure known = Failure.in(exception);
        if (known != null) {
            return known;
        }
        Throwable cause = exception.getMostSpecificCause();
        if (cause instanceof FileCountLimitExceededException) {
            return Failure.of(
                    FailureCode.INVALID_REQUEST,
                    "The multipart body has more than %d parts. Send the images in several requests."
                            .formatted(mostParts),
                    exception);
        }
        if (cause instanceof SizeException size && size.getPermittedSize() < largestUpload.toBytes()) {
            String fault = MultipartStart.fault(request);
            return Failure.of(
                    FailureCode.INVALID_REQUEST,
                    fault != null
                            ? fault
                            : "A part of the multipart body has more than %,d bytes of headers. Give its file a shorter name."
                                    .formatted(size.getPermittedSize()),
                    exception);
        }
        return Failure.of(
                FailureCode.UPLOAD_TOO_LARGE,
                "The body has more than %,d bytes, the limit. Send fewer or smaller images per request."
                        .formatted(largestUpload.toBytes()),
                exception);
    }

    @ExceptionHandler
    @Nullable
    ResponseEntity<Object> unexpected(Exception exception, HttpServletRequest request) {
        if (DisconnectedClientHelper.isClientDisconnectedException(exception)) {
            log.debug("requestId={}: the client disconnected", RequestId.of(request), exception);
            return null;
        }
        log.error(
                "INTERNAL_ERROR requestId={} {} {}",
                RequestId.of(request),
                request.getMethod(),
                LogText.of(request.getRequestURI()),
                exception);
        return Problems.response(
                HttpStatus.INTERNAL_SERVER_ERROR,
                "The service failed on this request. Its log has the cause, under the request id.",
                new HttpHeaders(),
                request);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleExceptionInternal(
            Exception exception,
            @Nullable Object body,
            HttpHeaders headers,
            HttpStatusCode status,
            WebRequest webRequest) {
        ServletWebRequest exchange = (ServletWebRequest) webRequest;
        HttpServletRequest request = exchange.getRequest();
        HttpServletResponse response = exchange.getResponse();
        if (response != null && response.isCommitted()) {
            return null;
        }
        Failure known = Failure.in(exception); // If Spring itself reads the body.
        if (known != null) {
            count(known.code(), request);
        } else if (exception instanceof HttpMediaTypeNotSupportedException) {
            count(FailureCode.UNSUPPORTED_MEDIA, request);
        } else if (exception instanceof TypeMismatchException
                || exception instanceof HttpMediaTypeNotAcceptableException) {
            count(FailureCode.INVALID_REQUEST, request);
        } else if (exception instanceof HttpRequestMethodNotSupportedException unsupported
                && Arrays.equals(unsupported.getSupportedMethods(), new String[] {"POST"})) {
            countAnyMethod(FailureCode.INVALID_REQUEST, request);
        }
        return known != null
                ? Problems.response(known, request)
                : Problems.response(status, detail(exception, request, body), headers, request);
    }

    private static String detail(Exception exception, HttpServletRequest request, @Nullable Object body) {
        if (exception instanceof NoResourceFoundException) {
            return RequestFaults.notFound(request);
        }
        if (exception instanceof HttpMediaTypeNotSupportedException unsupported) {
            return RequestFaults.unsupportedMedia(request, unsupported.getSupportedMediaTypes());
        }
        if (exception instanceof HttpRequestMethodNotSupportedException unsupported) {
            return "%s does not support %s. It supports %s."
                    .formatted(request.getRequestURI(), unsupported.getMethod(), unsupported.getSupportedHttpMethods());
        }
        if (exception instanceof HttpMediaTypeNotAcceptableException unacceptable) {
            return "This operation cannot respond with %s. It can respond with %s."
                    .formatted(request.getHeader(HttpHeaders.ACCEPT), unacceptable.getSupportedMediaTypes());
        }
        if (exception instanceof TypeMismatchException mismatch) {
            return "The parameter '%s' has the value '%s'. Allowed is %s."
                    .formatted(mismatch.getPropertyName(), mismatch.getValue(), allowed(mismatch.getRequiredType()));
        }
        if (body instanceof ProblemDetail problem && problem.getDetail() != null) {
            return problem.getDetail();
        }
        return exception instanceof ErrorResponse response && response.getBody().getDetail() != null
                ? response.getBody().getDetail()
                : String.valueOf(exception.getMessage());
    }

    private static String allowed(@Nullable Class<?> type) {
        if (type == null) {
            return "a value of its type";
        }
        if (type.isEnum()) {
            return Stream.of(type.getEnumConstants())
                    .map(constant -> ((Enum<?>) constant).name().toLowerCase(Locale.ROOT))
                    .collect(Collectors.joining(", "));
        }
        if (type == boolean.class) {
            return "true, false";
        }
        if (type == int.class || type == Integer.class) {
            return "a whole number of at most 2,147,483,647";
        }
        return Number.class.isAssignableFrom(type) || type.isPrimitive() ? "a number" : "a " + type.getSimpleName();
    }
}
