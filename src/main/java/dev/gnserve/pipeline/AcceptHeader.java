package dev.gnserve.pipeline;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.MimeTypeUtils;

/** Chooses between JSON and a file, such as a PNG picture, by the {@code Accept} header. */
public final class AcceptHeader {

    private AcceptHeader() {}

    /**
     * The type of file that {@code Accept} puts before JSON; null for JSON. A client that accepts anything gets JSON.
     *
     * @param files the types that there are
     */
    public static @Nullable MediaType preferredFile(HttpServletRequest request, Collection<MediaType> files) {
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
