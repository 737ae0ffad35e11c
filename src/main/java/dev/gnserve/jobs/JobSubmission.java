package dev.gnserve.jobs;

import dev.gnserve.access.KeyUsed;
import dev.gnserve.failure.FailureException;
import dev.gnserve.pipeline.Admission;
import dev.gnserve.pipeline.RequestCompleted;
import dev.gnserve.pipeline.TaskOperation;
import dev.gnserve.pipeline.UploadReader;
import dev.gnserve.problem.Problems;
import dev.gnserve.problem.RequestId;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.UriComponentsBuilder;
import tools.jackson.databind.json.JsonMapper;

/**
 * Makes a job of an admitted request with images that prefers an asynchronous answer: {@code Prefer: respond-async} (RFC 7240, section
 * 4.1). Stands before the controllers, so that none of them knows of jobs. Thread-safe.
 */
@Component
@ConditionalOnProperty("gnserve.jobs.dir")
final class JobSubmission implements HandlerInterceptor, WebMvcConfigurer {

    static final String PREFER = "Prefer";
    private static final String RESPOND_ASYNC = "respond-async";

    /** The headers on which an answer depends. A key is none of them. */
    private static final List<String> KEPT =
            List.of(HttpHeaders.CONTENT_TYPE, HttpHeaders.CONTENT_ENCODING, HttpHeaders.ACCEPT, "X-Timeout-Millis");

    private static final JsonMapper JSON = new JsonMapper();

    private final Jobs jobs;
    private final UploadReader uploads;
    private final ApplicationEventPublisher events;

    JobSubmission(Jobs jobs, UploadReader uploads, ApplicationEventPublisher events) {
        this.jobs = jobs;
        this.uploads = uploads;
        this.events = events;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this).addPathPatterns("/v1/models/*/*").order(Admission.ORDER + 1);
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        if (!prefersAsync(request)
                || !(handler instanceof HandlerMethod operation)
                || !operation.hasMethodAnnotation(TaskOperation.class)
                || !(request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE) instanceof Map<?, ?> names)
                || !(names.get("model") instanceof String model)) {
            return true;
        }
        try {
            byte[] body = uploads.body(request);
            accepted(jobs.submit(stored(request, model, body.length), body), request, response);
        } catch (FailureException e) {
            events.publishEvent(new RequestCompleted(null, null, e.failure().code()));
            Problems.write(e.failure(), request, response);
        }
        return false;
    }

    /** The preference may stand in any of several headers, among others, with parameters. */
    private static boolean prefersAsync(HttpServletRequest request) {
        return Collections.list(request.getHeaders(PREFER)).stream()
                .flatMap(header -> List.of(header.split(",", -1)).stream())
                .map(preference -> preference.split("[;=]", 2)[0].strip().toLowerCase(Locale.ROOT))
                .anyMatch(RESPOND_ASYNC::equals);
    }

    private static StoredRequest stored(HttpServletRequest request, String model, int bytes) {
        Map<String, String> headers = new HashMap<>();
        for (String name : KEPT) {
            List<String> values = Collections.list(request.getHeaders(name));
            if (!values.isEmpty()) {
                headers.put(name, String.join(", ", values));
            }
        }
        headers.put(RequestId.HEADER, RequestId.of(request));
        String path = request.getRequestURI().substring(request.getContextPath().length());
        String pattern = String.valueOf(request.getAttribute(HandlerMapping.BEST_MATCHING_PATTERN_ATTRIBUTE));
        return new StoredRequest(
                model,
                version(request.getQueryString()),
                pattern.substring(pattern.lastIndexOf('/') + 1),
                path,
                request.getQueryString(),
                headers,
                KeyUsed.idOf(request),
                Instant.now(),
                bytes);
    }

    /** For the description only; null also if the query cannot be read, which the run reports. */
    private static @Nullable String version(@Nullable String query) {
        try {
            String given = query == null
                    ? null
                    : UriComponentsBuilder.newInstance()
                            .query(query)
                            .build()
                            .getQueryParams()
                            .getFirst("version");
            return given == null ? null : URLDecoder.decode(given, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static void accepted(JobDescription job, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        byte[] body = JSON.writeValueAsBytes(job);
        response.setStatus(HttpServletResponse.SC_ACCEPTED);
        response.setHeader(HttpHeaders.LOCATION, request.getContextPath() + "/v1/jobs/" + job.id());
        response.setHeader("Preference-Applied", RESPOND_ASYNC);
        response.setContentType(MediaType.APPLICATION_JSON_VALUE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
