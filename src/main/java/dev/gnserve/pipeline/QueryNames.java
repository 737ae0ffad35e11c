package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.problem.Problems;
import dev.gnserve.problem.UploadRefused;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.commons.text.similarity.LevenshteinDistance;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * Refuses query parameters below {@code /v1} that the operation does not have, and those that are given twice: an answer without them
 * would look as if they had been used. The Open Inference Protocol allows unknown parameters. Thread-safe.
 */
@Component
final class QueryNames implements HandlerInterceptor, WebMvcConfigurer {

    private static final int LONGEST_SHOWN = 50;

    private final Map<Method, Known> known = new ConcurrentHashMap<>();
    private final ApplicationEventPublisher events;

    QueryNames(ApplicationEventPublisher events) {
        this.events = events;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this)
                .addPathPatterns("/v1/**")
                .order(Admission.ORDER - 1); // After the check of API keys, before admission.
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        if (request.getQueryString() == null || !(handler instanceof HandlerMethod operation)) {
            return true;
        }
        String mistake =
                mistake(request.getQueryString(), known.computeIfAbsent(operation.getMethod(), QueryNames::parameters));
        if (mistake == null) {
            return true;
        }
        events.publishEvent(new UploadRefused(FailureCode.INVALID_REQUEST));
        Problems.write(Failure.of(FailureCode.INVALID_REQUEST, mistake), request, response);
        return false;
    }

    /**
     * The parameters of an operation.
     *
     * @param lists those that may be given several times, as clients made from the document do it
     */
    record Known(List<String> names, Set<String> lists) {}

    private static Known parameters(Method operation) {
        List<Parameter> parameters = Stream.of(operation.getParameters())
                .filter(parameter -> parameter.isAnnotationPresent(RequestParam.class))
                .toList();
        return new Known(
                parameters.stream().map(Parameter::getName).toList(),
                parameters.stream()
                        .filter(parameter -> Collection.class.isAssignableFrom(parameter.getType()))
                        .map(Parameter::getName)
                        .collect(Collectors.toSet()));
    }

    /** The first name of a query that is wrong, as a sentence; null if there is none, or if it cannot be decoded. */
    static @Nullable String mistake(String query, Known known) {
        Set<String> seen = new HashSet<>();
        for (String pair : query.split("&", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            String name;
            try {
                name = URLDecoder.decode(pair.split("=", 2)[0], StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                return null; // The web server reports it when the controller asks for its parameters.
            }
            if (!known.names().contains(name)) {
                return unknown(name, known.names());
            }
            if (!seen.add(name) && !known.lists().contains(name)) {
                return "The parameter '%s' is in the query more than once. Give it once.".formatted(name);
            }
        }
        return null;
    }

    private static String unknown(String name, List<String> known) {
        String shown = name.length() <= LONGEST_SHOWN ? name : name.substring(0, LONGEST_SHOWN) + "...";
        if (known.isEmpty()) {
            return "There is no query parameter '%s': this operation has none. Leave it out.".formatted(shown);
        }
        LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
        String given = shown.toLowerCase(Locale.ROOT).replaceAll("[_-]", "");
        String nearest = known.stream()
                .min(Comparator.comparingInt(each -> distance.apply(each.toLowerCase(Locale.ROOT), given)))
                .orElseThrow();
        boolean near = distance.apply(nearest.toLowerCase(Locale.ROOT), given) <= Math.max(1, nearest.length() / 3);
        return "There is no query parameter '%s'. %sThis operation has %s."
                .formatted(shown, near ? "Did you mean '" + nearest + "'? " : "", String.join(", ", known));
    }
}
