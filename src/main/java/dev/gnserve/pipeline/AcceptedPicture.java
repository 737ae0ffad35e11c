package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.MimeTypeUtils;

/** Whether a caller of an operation that answers in JSON or as a PNG picture prefers the picture. */
public final class AcceptedPicture {

    private AcceptedPicture() {}

    /** True if {@code Accept} puts image/png before JSON; a caller who takes anything gets JSON. */
    public static boolean isPreferred(HttpServletRequest request) {
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

    /** A picture is one image, so a request for it brings one. */
    public static void requireOne(List<Upload> images) {
        if (images.size() != 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "A picture can be given for one image per request, not for %d. Send them one by one, or accept JSON."
                                    .formatted(images.size()))
                    .asException();
        }
    }
}
