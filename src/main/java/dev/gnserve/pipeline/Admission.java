package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.problem.Problems;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.util.UriComponentsBuilder;

/**
 * Admission control: refuses a request for an unknown model, or whose image would not be served in time, before its body is read. Takes
 * few steps, because an overloaded service refuses ten requests for each that it accepts (decision 0017). Thread-safe.
 */
@Component
public final class Admission implements HandlerInterceptor, WebMvcConfigurer {

    /** Among the interceptors. What comes after it sees admitted requests only. */
    public static final int ORDER = Ordered.LOWEST_PRECEDENCE - 1;

    private final ModelRepository models;
    private final ApplicationEventPublisher events;

    Admission(ModelRepository models, ApplicationEventPublisher events) {
        this.models = models;
        this.events = events;
    }

    @Override
    public void addInterceptors(InterceptorRegistry registry) {
        registry.addInterceptor(this).addPathPatterns("/v1/models/*/*").order(ORDER); // After the check of API keys.
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler)
            throws IOException {
        if (!HttpMethod.POST.matches(request.getMethod())
                || !(request.getAttribute(HandlerMapping.URI_TEMPLATE_VARIABLES_ATTRIBUTE) instanceof Map<?, ?> path)
                || !(path.get("model") instanceof String name)) {
            return true;
        }
        LoadedModel model;
        Failure refusal;
        try {
            model = models.find(name, version(request));
            refusal = model.refusal(Client.of(request).deadline());
        } catch (FailureException e) {
            if (e.failure().code() != FailureCode.MODEL_NOT_FOUND || hasEscapes(request)) {
                return true; // The controller reports what is wrong with the request.
            }
            events.publishEvent(new RequestCompleted(null, null, e.failure().code()));
            Problems.write(e.failure(), request, response);
            return false;
        }
        if (refusal == null) {
            return true;
        }
        events.publishEvent(new RequestCompleted(model.name(), model.version(), refusal.code()));
        Problems.write(refusal, request, response);
        return false;
    }

    /** Whether the version that the controller sees may differ from that of {@link #version}. */
    private static boolean hasEscapes(HttpServletRequest request) {
        String query = request.getQueryString();
        return query != null && (query.indexOf('%') >= 0 || query.indexOf('+') >= 0);
    }

    /** From the query string: {@code getParameter} would read a multipart body. */
    private static @Nullable String version(HttpServletRequest request) {
        String query = request.getQueryString();
        return query == null
                ? null
                : UriComponentsBuilder.newInstance()
                        .query(query)
                        .build()
                        .getQueryParams()
                        .getFirst("version");
    }
}
