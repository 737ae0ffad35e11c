package dev.gnserve.problem;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/**
 * The first bytes of a multipart body, kept as an attribute of the request. The web server's parser says that a body is malformed; these
 * bytes show why.
 */
public final class MultipartStart {

    private static final String ATTRIBUTE = MultipartStart.class.getName();

    /** As many bytes as the headers of a part may have. */
    private static final int MOST_BYTES = 4096;

    private static final int LONGEST_SHOWN = 80;

    private MultipartStart() {}

    /**
     * Keeps bytes of a body until there are 4,096 of them. Does nothing for a body of another media type.
     *
     * @param read from its position to its limit; unchanged
     */
    public static void remember(HttpServletRequest request, ByteBuffer read) {
        Object kept = request.getAttribute(ATTRIBUTE);
        if (kept == null) {
            String type = request.getContentType();
            if (type == null || !type.regionMatches(true, 0, "multipart/", 0, 10)) {
                return;
            }
            kept = new ByteArrayOutputStream(MOST_BYTES);
            request.setAttribute(ATTRIBUTE, kept);
        }
        ByteArrayOutputStream start = (ByteArrayOutputStream) kept;
        byte[] more = new byte[Math.min(read.remaining(), MOST_BYTES - start.size())];
        read.duplicate().get(more);
        start.writeBytes(more);
    }

    /** What is wrong with the body, as a sentence that says what to do; null if its first bytes do not show it. */
    public static @Nullable String fault(HttpServletRequest request) {
        if (request.getContentType() == null) {
            return null;
        }
        String boundary = boundary(request.getContentType());
        if (boundary == null) {
            return "The Content-Type has no boundary. Do not set this header yourself: the HTTP library knows the boundary"
                    + " and sets it.";
        }
        if (request.getContentLengthLong() == 0) {
            return "The multipart body is empty. Send each image as a part named 'image'.";
        }
        if (!(request.getAttribute(ATTRIBUTE) instanceof ByteArrayOutputStream kept)) {
            return null;
        }
        String start = kept.toString(StandardCharsets.ISO_8859_1);
        int first = start.indexOf("--" + boundary);
        if (first < 0) {
            return "The multipart body begins with '%s'. By its Content-Type it must begin with '--%s': two hyphens and the boundary."
                    .formatted(shown(start.strip().lines().findFirst().orElse("")), shown(boundary));
        }
        String alone = lineEndAlone(start.substring(first));
        return alone == null
                ? null
                : "The lines of the multipart body end with %s alone. End them with CR LF (RFC 2046).".formatted(alone);
    }

    /** The end of the body that its Content-Type announces, for a sentence. */
    static String end(ServletRequest request) {
        String boundary = request.getContentType() == null ? null : boundary(request.getContentType());
        return boundary == null ? "its last boundary" : "its last boundary, '--" + shown(boundary) + "--'";
    }

    private static @Nullable String boundary(String contentType) {
        try {
            String given = MediaType.parseMediaType(contentType).getParameter("boundary");
            return given == null ? null : given.replaceAll("^\"|\"$", "");
        } catch (InvalidMediaTypeException e) {
            return null;
        }
    }

    /** LF or CR, if a line up to the first blank one ends so; else null. */
    private static @Nullable String lineEndAlone(String start) {
        int line = 0;
        for (int i = 0; i < start.length(); i++) {
            char c = start.charAt(i);
            if (c == '\n') {
                return "LF";
            }
            if (c == '\r') {
                if (i + 1 == start.length() || i == line) {
                    return null;
                }
                if (start.charAt(i + 1) != '\n') {
                    return "CR";
                }
                i++;
                line = i + 1;
            }
        }
        return null;
    }

    private static String shown(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7e]", "?");
        return printable.length() <= LONGEST_SHOWN ? printable : printable.substring(0, LONGEST_SHOWN) + "...";
    }
}
