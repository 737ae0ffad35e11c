package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.connection.SlowClients;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * Clients that send or read slowly, or not at all, beside probes and a client that does neither. The service has few threads and
 * connections, and no timeout helps it.
 */
@Timeout(60)
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.models=patient,slow",
            "gnserve.access.api-keys=the-key-of-a-client",
            "gnserve.limits.max-upload-size=1MB",
            "gnserve.limits.max-upload-size-in-flight=1MB",
            "spring.threads.virtual.enabled=false",
            "server.tomcat.threads.max=12",
            "server.tomcat.max-connections=60",
            "server.tomcat.connection-timeout=10m"
        })
class SlowConnectionsIT {

    private static final int SLOW_CLIENTS = 30;
    private static final String KEY = "X-API-Key: the-key-of-a-client\r\n";
    private static final String SEGMENT = "POST /v1/models/patient/segment HTTP/1.1\r\nHost: x\r\n";
    private static final byte[] IMAGE = image();

    /** How the answer begins that asks for a body. */
    private static final String ASKED = "HTTP/1.1 100";

    private static final int PATIENCE_MILLIS = 30_000;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @Autowired
    private SlowClients slowClients;

    private ServiceClient client;

    /** A single image waits for others before it runs, longer than the first look at its connection. */
    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("patient", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 4, maxDelay: 300ms}
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        folder.put(
                "slow",
                "1",
                Rewrites.slow(TorchScriptArchive.of(ModelsFolder.bytes("/models/coarse-scripted.pt")), 2_000),
                """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 1, queueCapacity: 1}
                execution: {workers: 1}
                warmUp: {shapes: [[3, 32, 32]], batchSizes: [1]}
                """);
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                SEGMENT + KEY + "Content-Type: image/png\r\nContent-Length: 90000\r\n\r\nx",
                SEGMENT + KEY
                        + "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 90000\r\n\r\n--B\r\nCon",
                SEGMENT + KEY + "Transfer-Encoding: chunked\r\n\r\n4;a",
                SEGMENT + KEY + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nA: b",
                SEGMENT + KEY + "Expect: 100-continue\r\nContent-Length: 90000\r\n\r\n",
                SEGMENT + "Content-Type: image/png\r\nContent-Length: 90000\r\n\r\nx",
                SEGMENT + KEY + "Content-Type: text/plain\r\nContent-Length: 90000\r\n\r\nx",
                "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx",
                "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx",
                "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx",
                "GET /livez HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 90000\r\n\r\nx",
                "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx",
                "POST /%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nx",
                "POST /v2/models/patient/infer HTTP/1.1\r\nHost: x\r\n" + KEY + "Content-Length: 90000\r\n\r\n{",
                SEGMENT + "X-Slow: hea"
            })
    void slowRequestsLeaveThreadsForOthers(String beginning) throws IOException {
        try (Sockets slow = new Sockets()) {
            for (int i = 0; i < SLOW_CLIENTS; i++) {
                send(slow.open(), beginning);
            }

            assertThatOthersAreServed();
        }
        awaitNoneWaiting();
    }

    @Test
    void clientsThatReadNoResponseLeaveThreadsForOthers() throws IOException {
        try (Sockets slow = new Sockets()) {
            for (int i = 0; i < SLOW_CLIENTS / 2; i++) {
                send(slow.open(), "GET /swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n".repeat(4));
            }

            assertThatOthersAreServed();
        }
        awaitNoneWaiting();
    }

    @Test
    void silentConnectionsLeavePlaceForOthers() throws IOException {
        try (Sockets silent = new Sockets()) {
            for (int i = 0; i < 150; i++) {
                Socket socket = silent.open();
                if (i % 2 == 0) {
                    send(socket, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
                }
            }

            assertThatOthersAreServed();
        }
    }

    private void assertThatOthersAreServed() {
        assertThat(client.get("livez").status()).isEqualTo(200);
        assertThat(client.get("readyz").status()).isEqualTo(200);
        assertThat(client.get("actuator/prometheus").status()).isEqualTo(200);
        assertThat(segment().status()).isEqualTo(200);
        assertThat(client.get("livez").status()).isEqualTo(200);
    }

    private ServiceClient.Answer segment() {
        return client.send(client.request("v1/models/patient/segment")
                .header("X-API-Key", "the-key-of-a-client")
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(IMAGE)));
    }

    private static final Map<Character, byte[]> KINDS = Map.of(
            'r', withLength("image/png", IMAGE),
            'm', withLength("multipart/form-data; boundary=B", multipart()),
            'c', chunked());

    /** {@code r}: the bytes of an image, {@code m}: a multipart body, {@code c}: chunks. */
    @ParameterizedTest
    @ValueSource(strings = {"rmc", "rcm", "mrc", "mcr", "crm", "cmr"})
    void requestsSentTogetherAreAnsweredInTheirOrder(String kinds) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        kinds.chars().forEach(kind -> all.writeBytes(KINDS.get((char) kind)));
        all.writeBytes(
                "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        try (Socket socket = open()) {
            socket.getOutputStream().write(all.toByteArray());

            String answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(found("HTTP/1.1 (\\d+)", answers)).as(answers).containsExactly("200", "200", "200", "200");
            assertThat(found("\"name\":\"(image|of-m)\"", answers))
                    .containsExactlyElementsOf(kinds.chars()
                            .mapToObj(kind -> kind == 'm' ? "of-m" : "image")
                            .toList());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "patient, the-key-of-a-client, image/png, 2000000, 413",
        "patient, the-key-of-a-client, multipart/form-data; boundary=B, 2000000, 413",
        "patient, another-key-of-16-letters, image/png, 9000, 401",
        "patient, another-key-of-16-letters, multipart/form-data; boundary=B, 9000, 401",
        "unknown, the-key-of-a-client, image/png, 9000, 404",
        "unknown, the-key-of-a-client, multipart/form-data; boundary=B, 9000, 404",
        "patient, the-key-of-a-client, text/plain, 9000, 415"
    })
    void aBodyThatIsNotWantedIsNotAskedFor(String model, String key, String type, int length, String status)
            throws IOException {
        assertThat(expecting(model, key, type, length)).startsWith("HTTP/1.1 " + status);
    }

    @ParameterizedTest
    @ValueSource(strings = {"image/png", "multipart/form-data; boundary=B"})
    void aBodyForWhichTheQueueIsFullIsNotAskedFor(String type) throws IOException {
        String request =
                new String(withLength("image/png", IMAGE), StandardCharsets.ISO_8859_1).replace("/patient/", "/slow/");
        String answer = ASKED;
        try (Sockets running = new Sockets()) {
            // The image that waits may be taken from the queue before the next request comes: then the body is wanted.
            for (int i = 0; i < 10 && answer.startsWith(ASKED); i++) {
                while (client.meter("gnserve_queue_depth", "slow") != 1) {
                    send(running.open(), request); // Refused, if the one before still waits.
                }
                answer = expecting("slow", "the-key-of-a-client", type, 9_000);
            }
        }
        assertThat(answer).startsWith("HTTP/1.1 429");
        while (client.meter("gnserve_queue_depth", "slow") != 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void aBodyThatIsWantedIsAskedFor() throws IOException {
        try (Socket socket = open()) {
            send(
                    socket,
                    SEGMENT + KEY + "Expect: 100-continue\r\nConnection: close\r\nContent-Type: image/png\r\n"
                            + "Content-Length: " + IMAGE.length + "\r\n\r\n");
            assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 100");
            socket.getOutputStream().write(IMAGE);

            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("HTTP/1.1 200");
        }
    }

    /** The answer to the headers: {@link #ASKED}, or all that comes to the end of the connection. */
    private String expecting(String model, String key, String type, int length) throws IOException {
        try (Socket socket = open()) {
            send(
                    socket,
                    "POST /v1/models/" + model + "/segment HTTP/1.1\r\nHost: x\r\nX-API-Key: " + key
                            + "\r\nExpect: 100-continue\r\nContent-Type: " + type + "\r\nContent-Length: " + length
                            + "\r\n\r\n");
            InputStream in = socket.getInputStream();
            String status = new String(in.readNBytes(ASKED.length()), StandardCharsets.US_ASCII);
            return status.equals(ASKED) ? status : status + new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void whatBrokenConnectionsHeldComesBack() throws IOException {
        String half = SEGMENT + KEY + "Content-Type: image/png\r\nContent-Length: 200000\r\n\r\n" + "x".repeat(100_000);
        double files = client.meter("process_files_open_files");
        for (int i = 0; i < 3 * SLOW_CLIENTS; i++) {
            try (Socket socket = open()) {
                send(socket, i % 3 == 0 ? "GET /swagger-ui/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" : half);
                if (i % 3 == 1) {
                    socket.shutdownOutput();
                } else {
                    socket.setSoLinger(true, 0); // Closing resets.
                }
            } catch (SocketException e) {
                // Refused in the middle of the body, as the budget is full for a moment.
            }
        }

        awaitNoneWaiting();
        while (client.meter("process_files_open_files") > files + 5) {
            Thread.onSpinWait();
        }
        byte[] whole = new byte[1 << 20];
        int status;
        do {
            status = client.send(client.request("v2/models/patient/infer")
                            .header("X-API-Key", "the-key-of-a-client")
                            .POST(BodyPublishers.ofByteArray(whole)))
                    .status();
        } while (status == 429);
        assertThat(status)
                .as("of a body that needs the whole budget, and is no JSON")
                .isEqualTo(400);
    }

    private void awaitNoneWaiting() {
        while (slowClients.waiting() > 0) {
            Thread.onSpinWait();
        }
    }

    private Socket open() throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress("localhost", port));
        return socket;
    }

    private final class Sockets implements AutoCloseable {

        private final List<Socket> all = new ArrayList<>();

        Socket open() throws IOException {
            all.add(SlowConnectionsIT.this.open());
            return all.get(all.size() - 1);
        }

        @Override
        public void close() throws IOException {
            for (Socket socket : all) {
                socket.close();
            }
        }
    }

    private static void send(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static List<String> found(String pattern, String text) {
        return Pattern.compile(pattern)
                .matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    private static byte[] withLength(String type, byte[] body) {
        return joined(
                SEGMENT + KEY + "Content-Type: " + type + "\r\nContent-Length: " + body.length + "\r\n\r\n", body, "");
    }

    private static byte[] chunked() {
        return joined(
                SEGMENT + KEY + "Content-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + Integer.toHexString(IMAGE.length) + "\r\n",
                IMAGE,
                "\r\n0\r\n\r\n");
    }

    private static byte[] multipart() {
        return joined(
                "--B\r\nContent-Disposition: form-data; name=\"image\"; filename=\"of-m\"\r\n\r\n",
                IMAGE,
                "\r\n--B--\r\n");
    }

    private static byte[] joined(String before, byte[] bytes, String after) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(before.getBytes(StandardCharsets.ISO_8859_1));
        all.writeBytes(bytes);
        all.writeBytes(after.getBytes(StandardCharsets.ISO_8859_1));
        return all.toByteArray();
    }

    private static byte[] image() {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB), "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return png.toByteArray();
    }
}
