package dev.gnserve.problem;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.UnsupportedCharsetException;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.tomcat.util.http.fileupload.InvalidFileNameException;
import org.apache.tomcat.util.http.fileupload.MultipartStream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.util.MimeType;

/** Sentences for requests that Spring refuses: what is wrong, and what to send instead. */
final class RequestFaults {

    private static final String SEND_IMAGES =
            "Send one image with its own media type, such as image/png, or with application/octet-stream; send several as"
                    + " multipart/form-data, in parts named 'image'. With curl: -H 'Content-Type: application/octet-stream'"
                    + " --data-binary @cells.png, or -F image=@cells.png.";

    private RequestFaults() {}

    /** @param supported the media types of bodies that the operation takes */
    static String unsupportedMedia(HttpServletRequest request, List<MediaType> supported) {
        String what = contentType(request.getContentType());
        boolean images = supported.stream().anyMatch(type -> type.getType().equals("image"));
        String types = supported.stream().map(MimeType::toString).collect(Collectors.joining(", "));
        return what + " " + (images ? SEND_IMAGES : "Send " + types + ".");
    }

    private static String contentType(@Nullable String given) {
        if (given == null) {
            return "The request has no Content-Type.";
        }
        try {
            MediaType.parseMediaType(given);
            return "The Content-Type is %s, which this operation does not take.".formatted(LogText.of(given));
        } catch (InvalidMediaTypeException e) {
            String message = String.valueOf(e.getMessage());
            String why = message.substring(message.lastIndexOf("\": ") + 1);
            return "The Content-Type '%s' is not a media type%s.%s"
                    .formatted(
                            LogText.of(given),
                            LogText.of(why),
                            why.contains("unsupported charset") ? " Leave the charset out." : "");
        }
    }

    /** For what the first bytes of the body do not show. */
    static String malformedMultipart(Throwable cause, HttpServletRequest request) {
        if (cause instanceof MultipartStream.MalformedStreamException) {
            return "The multipart body ends before %s. Send the whole body.".formatted(MultipartStart.end(request));
        }
        if (cause instanceof UnsupportedCharsetException
                || cause instanceof IllegalCharsetNameException
                || cause instanceof InvalidFileNameException) {
            return "The file name of a part cannot be read: %s. Send it in UTF-8, without control characters."
                    .formatted(LogText.of(String.valueOf(cause.getMessage())));
        }
        return "The multipart body cannot be read: %s. Send parts named 'image', each with a file name."
                .formatted(cause.getMessage());
    }

    static String notFound(HttpServletRequest request) {
        String path = request.getRequestURI();
        return "There is no %s %s. %sGET %s/v3/api-docs lists all operations."
                .formatted(
                        request.getMethod(),
                        path,
                        path.endsWith("/") ? "Leave out the slash at the end. " : "",
                        request.getContextPath());
    }
}
