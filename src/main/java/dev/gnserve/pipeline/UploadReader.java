package dev.gnserve.pipeline;

import dev.gnserve.backend.Tensor;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ImageParameters;
import dev.gnserve.problem.MultipartStart;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.Part;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.stereotype.Component;
import org.springframework.web.multipart.MultipartHttpServletRequest;
import org.springframework.web.util.WebUtils;

/**
 * Reads the images of a request: parts named {@code image} of a multipart body, or the raw body as one image. {@link UploadValve}
 * counts the bytes against the {@link UploadBudget}. Thread-safe.
 */
@Component
public final class UploadReader {

    private static final String PARAMETERS = "parameters";

    /** Longer file names are cut. They are used in the response only. */
    private static final int LONGEST_NAME = 255;

    /** Values of Content-Transfer-Encoding for bytes as they are (RFC 2045, section 6.2). */
    private static final Set<String> NOT_ENCODED = Set.of("7bit", "8bit", "binary");

    private final UploadLimits limits;

    UploadReader(UploadLimits limits) {
        this.limits = limits;
    }

    /**
     * The images in the order of their parts, at least one.
     *
     * @param page of each
     * @throws FailureException UPLOAD_TOO_LARGE, INVALID_REQUEST, UNSUPPORTED_MEDIA or OVERLOADED
     * @throws IOException if the connection breaks
     */
    public List<Upload> read(HttpServletRequest request, int page) throws IOException {
        requireNoEncoding(request);
        requireDeclaredSize(request);
        MultipartHttpServletRequest multipart = WebUtils.getNativeRequest(request, MultipartHttpServletRequest.class);
        return multipart == null ? List.of(raw(request, page)) : parts(multipart, page);
    }

    /**
     * What the part named {@code parameters} of a multipart body gives beside the images; nothing if there is none.
     *
     * @param taken what the model takes; null for images and nothing else
     * @throws FailureException INVALID_REQUEST if there are several, or if the model does not take them
     * @throws IOException if the connection breaks
     */
    Map<String, Tensor> parameters(HttpServletRequest request, @Nullable ImageParameters taken) throws IOException {
        MultipartHttpServletRequest multipart = WebUtils.getNativeRequest(request, MultipartHttpServletRequest.class);
        List<Part> parts = multipart == null
                ? List.of()
                : parsed(multipart).stream()
                        .filter(part -> part.getName().equals(PARAMETERS))
                        .toList();
        if (parts.isEmpty()) {
            return Map.of();
        }
        if (taken == null || parts.size() > 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            taken == null
                                    ? "The request has a part named 'parameters', but the model takes images or volumes and nothing else. Leave it out."
                                    : "The request has %d parts named 'parameters'. Send one: it goes with each image."
                                            .formatted(parts.size()))
                    .asException();
        }
        return taken.read(bytes(parts.get(0)));
    }

    /**
     * The whole body; empty if there is none.
     *
     * @throws FailureException UPLOAD_TOO_LARGE or OVERLOADED
     * @throws IOException if the connection breaks
     */
    public byte[] body(HttpServletRequest request) throws IOException {
        requireDeclaredSize(request);
        int limit = Math.toIntExact(limits.maxUploadSize().toBytes());
        try (InputStream body = request.getInputStream()) {
            byte[] bytes = body.readNBytes(limit);
            if (bytes.length == limit && body.read() >= 0) {
                throw tooLarge("The body has too many bytes");
            }
            return bytes;
        }
    }

    /**
     * The whole body, decoded if its {@code Content-Encoding} is gzip or deflate. The limit holds before and after decoding.
     *
     * @throws FailureException UPLOAD_TOO_LARGE, OVERLOADED, or INVALID_REQUEST for another encoding or broken data
     * @throws IOException if the connection breaks
     */
    public byte[] decodedBody(HttpServletRequest request) throws IOException {
        byte[] body = body(request);
        String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        if (isNone(encoding)) {
            return body;
        }
        int limit = Math.toIntExact(limits.maxUploadSize().toBytes());
        byte[] decoded = BodyEncoding.decode(body, encoding, limit, Share.ofBody(request));
        if (decoded.length > limit) {
            throw tooLarge("The decoded body has too many bytes");
        }
        return decoded;
    }

    private static void requireNoEncoding(HttpServletRequest request) {
        String encoding = request.getHeader(HttpHeaders.CONTENT_ENCODING);
        if (!isNone(encoding)) {
            throw Failure.of(
                            FailureCode.UNSUPPORTED_MEDIA,
                            "The body has the Content-Encoding %s. Send images without one: they are compressed already."
                                    .formatted(encoding))
                    .asException();
        }
    }

    private static boolean isNone(@Nullable String encoding) {
        return encoding == null || encoding.isBlank() || encoding.strip().equalsIgnoreCase("identity");
    }

    private void requireDeclaredSize(HttpServletRequest request) {
        long declared = request.getContentLengthLong();
        if (declared > limits.maxUploadSize().toBytes()) {
            throw tooLarge("The body has %,d bytes".formatted(declared));
        }
    }

    private Upload raw(HttpServletRequest request, int page) throws IOException {
        byte[] bytes = body(request);
        if (bytes.length == 0) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The body is empty. Send the bytes of one image, or multipart/form-data with parts named"
                                    + " 'image'.")
                    .asException();
        }
        return new Upload("image", bytes, page);
    }

    private List<Upload> parts(MultipartHttpServletRequest request, int page) throws IOException {
        List<Upload> uploads = new ArrayList<>();
        Collection<Part> parts = parsed(request);
        for (Part part : parts) {
            if (!part.getName().equals("image")) {
                continue;
            }
            if (uploads.size() == limits.maxImages()) {
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "The request has more than %d images. Send them in several requests."
                                        .formatted(limits.maxImages()))
                        .asException();
            }
            uploads.add(new Upload(name(part.getSubmittedFileName(), uploads.size() + 1), bytes(part), page));
        }
        if (uploads.isEmpty()) {
            String fault = parts.isEmpty() ? MultipartStart.fault(request) : null;
            throw Failure.of(FailureCode.INVALID_REQUEST, fault == null ? noImage(parts) : fault)
                    .asException();
        }
        return uploads;
    }

    private static String noImage(Collection<Part> parts) {
        String names = parts.stream()
                .map(part -> "'"
                        + (part.getName().length() <= 40
                                ? part.getName()
                                : part.getName().substring(0, 40) + "...") + "'")
                .distinct()
                .limit(5)
                .collect(Collectors.joining(", "));
        return "The multipart body has no part named 'image'%s. Send each image as such a part, for example curl -F image=@cells.png."
                .formatted(
                        names.isEmpty()
                                ? ". A part gets its name from its header Content-Disposition: form-data; name=\"image\""
                                : "; its parts are named " + names);
    }

    private Collection<Part> parsed(MultipartHttpServletRequest request) throws IOException {
        try {
            request.getMultiFileMap(); // Parses the body, and wraps the container's exceptions.
            return request.getParts();
        } catch (ServletException e) {
            throw Failure.of(FailureCode.INVALID_REQUEST, "The multipart body cannot be read.", e)
                    .asException();
        }
    }

    private static byte[] bytes(Part part) throws IOException {
        String encoding = part.getHeader("Content-Transfer-Encoding");
        if (encoding != null && !NOT_ENCODED.contains(encoding.strip().toLowerCase(Locale.ROOT))) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "A part named '%s' has the Content-Transfer-Encoding %s. Send its bytes as they are, without this header."
                                    .formatted(part.getName(), encoding))
                    .asException();
        }
        try (InputStream in = part.getInputStream()) {
            return in.readAllBytes();
        } finally {
            part.delete(); // Frees the copy that the web server keeps.
        }
    }

    private static String name(@Nullable String submitted, int position) {
        if (submitted == null || submitted.isBlank()) {
            return "image-" + position;
        }
        if (submitted.length() <= LONGEST_NAME) {
            return submitted;
        }
        boolean halves = Character.isHighSurrogate(submitted.charAt(LONGEST_NAME - 1)); // of a character beyond 16 bits
        return submitted.substring(0, halves ? LONGEST_NAME - 1 : LONGEST_NAME);
    }

    private FailureException tooLarge(String what) {
        return Failure.of(
                        FailureCode.UPLOAD_TOO_LARGE,
                        "%s; the limit is %,d (gnserve.limits.max-upload-size). Send fewer or smaller images or tensors per request."
                                .formatted(what, limits.maxUploadSize().toBytes()))
                .asException();
    }
}
