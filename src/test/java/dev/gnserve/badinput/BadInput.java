package dev.gnserve.badinput;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Stream;

/**
 * One thing that goes wrong between a client and the service.
 *
 * @param group heading in the table
 * @param tried in words
 * @param request every byte of it
 * @param then what the client does behind it
 * @param answer the status with the code of the problem, with {@code error} for that of the Open Inference Protocol, or
 *     with nothing for a result; {@value #CLOSED} where there is none
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
record BadInput(String group, String tried, byte[] request, Then then, String answer) {

    enum Then {
        IS_SILENT,
        ENDS,
        SENDS_A_BYTE_NOW_AND_THEN,

        /** Also when it has its answer, until the connection is closed. */
        NEVER_STOPS_SENDING
    }

    static final String CLOSED = "connection closed";

    /** Small enough to be answered fast. */
    static final byte[] GOOD = HostileImages.golden("rgb.png");

    static final String SEGMENT = "/v1/models/nuclei-unet-gn/segment";
    static final String INFER = "/v2/models/nuclei-unet-gn/infer";

    static final String IMAGE = "Content-Type: image/png\r\n";
    static final String PARTS = "Content-Type: multipart/form-data; boundary=XX\r\n";
    static final String A_PART = "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\n";
    static final String END = "\r\n--XX--\r\n";

    @Override
    public String toString() {
        return tried;
    }

    static Stream<BadInput> all() {
        return Stream.of(
                        BadMultipart.rows(),
                        BadBodies.rows(),
                        BadHttp.rows(),
                        BadFiles.rows(),
                        BadSizes.rows(),
                        BadTensors.rows())
                .flatMap(rows -> rows);
    }

    static BadInput image(String group, String tried, byte[] image, String answer) {
        return posted(group, tried, IMAGE, image, answer);
    }

    static BadInput posted(String group, String tried, String headers, byte[] body, String answer) {
        String length = headers.contains("Content-Length") ? "" : "Content-Length: " + body.length + "\r\n";
        return sent(group, tried, bytes(head("POST", SEGMENT, headers + length), body), Then.IS_SILENT, answer);
    }

    static BadInput sent(String group, String tried, byte[] request, Then then, String answer) {
        return new BadInput(group, tried, request, then, answer);
    }

    static String head(String method, String path, String headers) {
        return method + " " + path + " HTTP/1.1\r\nHost: x\r\n" + headers + "Connection: close\r\n\r\n";
    }

    static byte[] bytes(Object... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Object part : parts) {
            all.writeBytes(part instanceof byte[] raw ? raw : part.toString().getBytes(StandardCharsets.ISO_8859_1));
        }
        return all.toByteArray();
    }
}
