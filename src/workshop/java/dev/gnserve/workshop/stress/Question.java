package dev.gnserve.workshop.stress;

import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Map;

/**
 * A request whose answer is always the same.
 *
 * @param name of its kind, in the report
 * @param path with its query
 * @param headers of the request
 * @param body what is posted
 * @param mayBeUnloaded whether its model comes and goes, so that 503 and 404 are answers, too
 */
@SuppressWarnings("ArrayRecordComponent") // Made once, compared never.
record Question(String name, String path, Map<String, String> headers, byte[] body, boolean mayBeUnloaded) {

    /** Longer than anything accepted may take: after this an answer is lost. */
    private static final Duration LOST_AFTER = Duration.ofMinutes(10);

    HttpRequest request(URI server) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server.resolve(path)).timeout(LOST_AFTER).POST(BodyPublishers.ofByteArray(body));
        headers.forEach(request::header);
        return request.build();
    }
}
