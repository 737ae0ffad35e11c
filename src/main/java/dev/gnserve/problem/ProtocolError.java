package dev.gnserve.problem;

import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;

/**
 * The body of an error of the Open Inference Protocol, below {@code /v2}, instead of a problem document.
 *
 * @param error what was wrong with this request, with the numbers, and what to do
 */
@Schema(name = "ProtocolError", description = "An error of the Open Inference Protocol.")
public record ProtocolError(
        // Declared required, because this schema is read before springdoc knows the converter of ApiDocument.
        @Schema(
                requiredMode = Schema.RequiredMode.REQUIRED,
                example = "input \"input\" has 3 axes, [3, 256, 256]; the model takes [-1, 3, -1, -1]")
        String error) {

    private static final String ROOT = "/v2";

    /** Whether errors of this request have this form: by the original path, also on the error page. */
    static boolean isExpectedBy(HttpServletRequest request) {
        String path = request.getAttribute(RequestDispatcher.ERROR_REQUEST_URI) instanceof String original
                ? original
                : request.getRequestURI();
        if (path == null) {
            return false;
        }
        String prefix = request.getContextPath();
        String inside = prefix != null && path.startsWith(prefix) ? path.substring(prefix.length()) : path;
        return inside.equals(ROOT) || inside.startsWith(ROOT + "/");
    }
}
