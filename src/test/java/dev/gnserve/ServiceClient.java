package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Speaks to the running service as a client in another process does. */
public final class ServiceClient {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String BOUNDARY = "a-line-that-no-image-has";

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI base;

    public ServiceClient(int port) {
        this(port, "");
    }

    /** @param contextPath without its first slash, with one at its end */
    public ServiceClient(int port, String contextPath) {
        base = URI.create("http://localhost:" + port + "/" + contextPath);
    }

    /** An answer with its body as bytes. */
    public record Answer(int status, HttpResponse<byte[]> response) {

        public JsonNode json() {
            return JSON.readTree(response.body());
        }

        public String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        /** Of the first class of the first image that was segmented. */
        public int pixels() {
            assertThat(status).as(text()).isEqualTo(200);
            return json().path("images")
                    .path(0)
                    .path("classes")
                    .path(0)
                    .path("pixels")
                    .asInt();
        }

        public String contentType() {
            return response.headers().firstValue("Content-Type").orElse("none");
        }
    }

    public HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(base.resolve(path));
    }

    public Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
            return new Answer(response.statusCode(), response);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    public Answer get(String path) {
        return send(request(path));
    }

    /** One image as the raw body. */
    public Answer post(String path, byte[] image) {
        return send(request(path).header("Content-Type", "image/png").POST(BodyPublishers.ofByteArray(image)));
    }

    /** Images as parts, in the map's order. */
    public Answer postParts(String path, Map<String, byte[]> images) {
        return send(parts(path, images));
    }

    public HttpRequest.Builder parts(String path, Map<String, byte[]> images) {
        return parts(path, images, Map.of());
    }

    /** Images, and other parts by their names. */
    public HttpRequest.Builder parts(String path, Map<String, byte[]> images, Map<String, String> others) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        others.forEach((name, text) -> body.writeBytes(
                ("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + text + "\r\n")
                        .getBytes(StandardCharsets.UTF_8)));
        images.forEach((name, image) -> {
            body.writeBytes(("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + name
                            + "\"\r\nContent-Type: image/png\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            body.writeBytes(image);
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        });
        body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return request(path)
                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .POST(BodyPublishers.ofByteArray(body.toByteArray()));
    }

    /** The value of a meter in the Prometheus text, summed over the series that carry all the given text. */
    public double meter(String name, String... labels) {
        return get("actuator/prometheus")
                .text()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .filter(line -> {
                    for (String label : labels) {
                        if (!line.contains(label)) {
                            return false;
                        }
                    }
                    return true;
                })
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }
}
