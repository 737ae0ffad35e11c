package dev.gnserve.pipeline;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.MimeTypeUtils;

/** Chooses between JSON and files by the {@code Accept} header. */
public final class AcceptHeader {

    private AcceptHeader() {}

    /** True if {@code Accept} puts image/png before JSON. A client that accepts anything gets JSON. */
    static boolean prefersPng(HttpServletRequest request) {
        return MediaType.IMAGE_PNG.equals(preferred(request, List.of(MediaType.IMAGE_PNG)));
    }

    /** The type of a file that {@code Accept} puts before JSON; null for JSON, also where the client accepts anything. */
    public static @Nullable MediaType preferred(HttpServletRequest request, List<MediaType> files) {
        List<String> accept = Collections.list(request.getHeaders(HttpHeaders.ACCEPT));
        List<MediaType> accepted = MediaType.parseMediaTypes(accept);
        MimeTypeUtils.sortBySpecificity(accepted);
        for (MediaType type : accepted) {
            if (type.includes(MediaType.APPLICATION_JSON)) {
                return null;
            }
            for (MediaType file : files) {
                if (type.includes(file)) {
                    return file;
                }
            }
        }
        return null;
    }
}
