package dev.gnserve.pipeline;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.MimeTypeUtils;

/** Chooses between JSON and a PNG picture by the {@code Accept} header. */
final class AcceptHeader {

    private AcceptHeader() {}

    /** True if {@code Accept} puts image/png before JSON. A client that accepts anything gets JSON. */
    static boolean prefersPng(HttpServletRequest request) {
        List<String> accept = Collections.list(request.getHeaders(HttpHeaders.ACCEPT));
        List<MediaType> accepted = MediaType.parseMediaTypes(accept);
        MimeTypeUtils.sortBySpecificity(accepted);
        for (MediaType type : accepted) {
            if (type.includes(MediaType.APPLICATION_JSON)) {
                return false;
            }
            if (type.includes(MediaType.IMAGE_PNG)) {
                return true;
            }
        }
        return false;
    }
}
