package dev.gnserve.problem;

import dev.gnserve.failure.FailureCode;
import jakarta.servlet.http.HttpServletRequest;

/** Event: a request to a model was refused before any model was asked. Published instead of a RequestCompleted. */
public record UploadRefused(FailureCode code) {

    private static final String COUNTED = UploadRefused.class.getName() + ".counted";

    /** Notes that this event or a RequestCompleted has been published for a request, so that it counts once. */
    public static void counted(HttpServletRequest request) {
        request.setAttribute(COUNTED, true);
    }

    /** Whether the path of a request is one of a model, and neither event has been published. */
    static boolean isDue(HttpServletRequest request) {
        String path = request.getRequestURI().substring(request.getContextPath().length());
        return (path.startsWith("/v1/models/") || path.endsWith("/infer")) && request.getAttribute(COUNTED) == null;
    }
}
