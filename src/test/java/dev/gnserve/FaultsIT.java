package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What clients and probes see of a forward pass that hangs, and of more images and bodies than there is memory for. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.models=patient,spinning",
            "gnserve.hang-time=2s",
            "gnserve.repository.enabled=true",
            "gnserve.access.admin-keys=the-key-of-an-operator",
            "gnserve.limits.max-upload-size=40KB",
            "gnserve.limits.max-upload-size-in-flight=40KB",
            "gnserve.limits.max-pixels=100000",
            "gnserve.limits.max-pixels-in-flight=100000",
            "server.tomcat.max-swallow-size=-1"
        })
class FaultsIT {

    private static final int HANGS_MILLIS = 12_000;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("patient", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 2, maxDelay: 10s, queueCapacity: 2}
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        byte[] spinning = Rewrites.spinning(TorchScriptArchive.of(ModelsFolder.bytes("/models/vector-scripted.pt")));
        folder.put("spinning", "1", spinning, "task: tensors\nwarmUp: {shapes: [[4], [6]]}");
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void aForwardThatHangsFailsItsRequestTakesItsModelOutAndTurnsLivenessOffUntilItReturns() {
        assertThat(infer(0).status()).isEqualTo(200);
        assertThat(client.get("livez").status()).isEqualTo(200);

        Answer hung = infer(HANGS_MILLIS);

        assertThat(hung.status()).as(hung.text()).isEqualTo(500);
        assertThat(hung.text()).contains("a forward pass of model spinning version 1 has not returned for 2 s");
        assertThat(client.get("livez").status()).isEqualTo(503);
        assertThat(client.get("actuator/health/liveness").text()).contains("DOWN", "spinning");
        assertThat(client.get("v2/health/live").status()).isEqualTo(503);
        assertThat(client.get("v2/models/spinning/ready").status()).isEqualTo(503);
        JsonNode model = client.get("v1/models/spinning").json();
        assertThat(model.path("state").asString()).isEqualTo("FAILED");
        assertThat(model.path("reason").asString()).contains("has not returned", "restart the process");
        Answer next = infer(0);
        assertThat(next.status()).isEqualTo(503);
        assertThat(next.text()).contains("has not returned");
        assertThat(segmentTwo().status()).as("of another model").isEqualTo(200);
        assertThat(client.get("readyz").status()).as("which can serve").isEqualTo(200);
        assertThat(client.meter("gnserve_model_state", "spinning", "state=\"failed\""))
                .isOne();

        while (client.get("livez").status() != 200) {
            Thread.onSpinWait();
        }
        while (client.get("v2/models/spinning/ready").status() != 200) {
            Thread.onSpinWait(); // The pass has returned.
        }
        assertThat(infer(0).status()).isEqualTo(200);
    }

    @Test
    void whereTooManyPixelsAreDecodedAlreadyAnUploadIsToldToComeBackAndTheNextFindsRoom() throws IOException {
        byte[] large = Samples.png("fluorescence-256");
        try (Socket first = new Socket("localhost", port)) {
            upload(first, large);
            while (client.meter("gnserve_queue_depth", "patient") != 1) {
                Thread.onSpinWait();
            }

            Answer second = client.post("v1/models/patient/segment", large);

            assertThat(second.status()).as(second.text()).isEqualTo(429);
            assertThat(second.json().path("code").asString()).isEqualTo("OVERLOADED");
            assertThat(second.json().path("detail").asString())
                    .contains("65,536", "100,000", "gnserve.limits.max-pixels-in-flight");
            assertThat(second.response().headers().firstValue("Retry-After")).hasValue("1");
        }

        Answer third = segmentTwo(); // The first is gone, and has given its room back.
        while (third.status() == 429) {
            third = segmentTwo();
        }
        assertThat(third.status()).as(third.text()).isEqualTo(200);
    }

    /** However it would be sent; two images of different shapes wait for others like them. */
    @ParameterizedTest
    @ValueSource(strings = {"image/png", "multipart/form-data; boundary=x"})
    void whereTheQueueIsFullAnUploadIsRefusedBeforeItsBodyIsSent(String contentType) throws IOException {
        try (Socket first = new Socket("localhost", port);
                Socket second = new Socket("localhost", port);
                Socket third = new Socket("localhost", port)) {
            upload(first, image(32, 32));
            upload(second, image(64, 32));
            while (client.meter("gnserve_queue_depth", "patient") != 2) {
                Thread.onSpinWait();
            }
            double refused = client.meter("gnserve_requests_total", "patient", "OVERLOADED");

            third.getOutputStream()
                    .write(
                            ("POST /v1/models/patient/segment?masks=none&version=1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                            + contentType + "\r\nContent-Length: 1000\r\nX-Request-Id: third\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            third.shutdownOutput();
            String answer = new String(third.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 429").contains("\r\nRetry-After: ", "application/problem+json");
            JsonNode problem = new JsonMapper().readTree(answer.substring(answer.indexOf("\r\n\r\n")));
            assertThat(problem.path("code").asString()).isEqualTo("OVERLOADED");
            assertThat(problem.path("requestId").asString()).isEqualTo("third");
            assertThat(client.meter("gnserve_requests_total", "patient", "OVERLOADED"))
                    .isEqualTo(refused + 1);
        }
        while (client.meter("gnserve_queue_depth", "patient") != 0) {
            Thread.onSpinWait(); // Those who wait are gone.
        }
    }

    /** Here without a limit on what is thrown away. */
    @Test
    void behindAnAnswerThatCameBeforeTheBodyTheConnectionGoesOn() throws IOException {
        try (Socket socket = new Socket("localhost", port)) {
            String request = "POST /v1/models/nobody/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                    + "Content-Length: 10000\r\n\r\n" + "x".repeat(10_000)
                    + "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));

            String answers = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answers).startsWith("HTTP/1.1 404").contains("HTTP/1.1 200");
        }
    }

    /** What was announced does not count, what was sent does. A request that waits for the engine keeps what it has sent. */
    @Test
    void whereTooManyBytesAreHeldAlreadyAnUploadIsToldToComeBackAndTheNextFindsRoom() throws IOException {
        try (Socket announcing = new Socket("localhost", port);
                Socket waiting = new Socket("localhost", port)) {
            announcing
                    .getOutputStream()
                    .write(
                            "POST /v1/models/patient/segment HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40960\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(infer(0, 30_000).status()).isEqualTo(200);
            hold(waiting, 30_000);

            Answer second = infer(0, 30_000);

            assertThat(second.status()).as(second.text()).isEqualTo(429);
            assertThat(second.text()).contains("40,960", "gnserve.limits.max-upload-size-in-flight");
            assertThat(second.response().headers().firstValue("Retry-After")).hasValue("1");
            assertThat(infer(0).status()).as("of what there is room for").isEqualTo(200);
        }

        Answer third = infer(0, 30_000); // The first is gone, and has given its room back.
        while (third.status() == 429) {
            third = infer(0, 30_000);
        }
        assertThat(third.status()).as(third.text()).isEqualTo(200);
    }

    /** Of 200 values, an output of the network has 160,000 bytes; three times 40,960 fit. */
    @Test
    void outputsThatTakeMoreThanIsThereForAllAreRefusedAndGiveTheirRoomBack() {
        Answer large = client.send(client.request("v2/models/spinning/infer")
                .POST(BodyPublishers.ofString("""
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 200], "data": [%s]}]}""".formatted("0,".repeat(199) + "0"))));

        assertThat(large.status()).as(large.text()).isEqualTo(413);
        assertThat(large.json().path("error").asString())
                .contains("more than 122,880 bytes", "gnserve.limits.max-upload-size-in-flight");
        assertThat(infer(0, 40_000).status()).isEqualTo(200);
    }

    /** Each item is a few objects beside its values. 1,000 of them are known to be too many before the first runs. */
    @Test
    void manySmallItemsAreRefusedBeforeTheyRun() {
        String head = """
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1000, 4], "parameters": {"binary_data_size": 16000}}]}""";
        Answer many = client.send(client.request("v2/models/spinning/infer")
                .header("Inference-Header-Content-Length", Integer.toString(head.length()))
                .POST(BodyPublishers.concat(
                        BodyPublishers.ofString(head), BodyPublishers.ofByteArray(new byte[16_000]))));

        assertThat(many.status()).as(many.text()).isEqualTo(413);
        assertThat(many.json().path("error").asString()).contains("more than 122,880 bytes", "fewer or smaller items");
        assertThat(infer(0, 40_000).status()).isEqualTo(200);
    }

    /** Tensors, parts of a multipart body, bodies that Spring reads, and bodies that no code reads. */
    @Test
    void anUploadForWhichThereIsNoRoomIsToldSoHoweverItIsRead() throws IOException {
        try (Socket waiting = new Socket("localhost", port)) {
            hold(waiting, 35_000);
            Answer tensors = blanks(12_000);
            assertThat(tensors.status()).as(tensors.text()).isEqualTo(429);
            assertThat(tensors.json().path("error").asString()).contains("gnserve.limits.max-upload-size-in-flight");
            double refused = client.meter("gnserve_requests_total", "OVERLOADED");

            Answer parts = segmentTwoAnd(12_000);

            assertThat(parts.status()).as(parts.text()).isEqualTo(429);
            assertThat(parts.contentType()).isEqualTo("application/problem+json");
            assertThat(parts.json().path("code").asString()).isEqualTo("OVERLOADED");
            assertThat(parts.json().path("detail").asString())
                    .contains("uploads of ", "exceed the limit of 40,960", "gnserve.limits.max-upload-size-in-flight");
            assertThat(parts.response().headers().firstValue("Retry-After")).hasValue("1");
            assertThat(client.meter("gnserve_requests_total", "OVERLOADED")).isEqualTo(refused + 1);

            Answer form = client.send(client.request("v1/models/patient")
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .PUT(BodyPublishers.ofString("a=" + "x".repeat(12_000))));
            assertThat(form.status())
                    .as("of a body that is not read: " + form.text())
                    .isEqualTo(405);
            Answer index = client.send(client.request("v2/repository/index")
                    .header("Authorization", "Bearer the-key-of-an-operator")
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"note\": [" + "0, ".repeat(4_000) + "0], \"ready\": true}")));
            assertThat(index.status())
                    .as("of what Spring reads: " + index.text())
                    .isEqualTo(429);
            assertThat(index.json().path("error").asString()).contains("gnserve.limits.max-upload-size-in-flight");
        }

        Answer next = segmentTwoAnd(12_000); // The other is gone, and has given its room back.
        while (next.status() == 429) {
            next = segmentTwoAnd(12_000);
        }
        assertThat(next.status()).as(next.text()).isEqualTo(200);
    }

    /** The web server holds what came of a multipart body, although no controller has seen the request. */
    @Test
    void halfSentUploadsGiveWayToAWholeOneAndAreToldToComeBack() throws IOException {
        try (Socket first = new Socket("localhost", port);
                Socket second = new Socket("localhost", port);
                Socket third = new Socket("localhost", port)) {
            for (Socket half : List.of(first, second, third)) {
                half.getOutputStream()
                        .write(("POST /v1/models/patient/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
                                        + " multipart/form-data; boundary=x\r\nContent-Length: 20000\r\n\r\n"
                                        + "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"
                                        + "x".repeat(11_900))
                                .getBytes(StandardCharsets.US_ASCII));
            }
            double refused = client.meter("gnserve_requests_total", "OVERLOADED");

            // As the others' bytes are on their way, the first ones may find room without theirs.
            while (client.meter("gnserve_requests_total", "OVERLOADED") == refused) {
                Answer whole = segmentTwoAnd(12_000);
                assertThat(whole.status()).as(whole.text()).isEqualTo(200);
            }

            String answer = answerOfOne(List.of(first, second, third));
            assertThat(answer)
                    .startsWith("HTTP/1.1 429")
                    .contains("Connection: close", "Retry-After: 1", "OVERLOADED", "arrived too slowly");
        }
    }

    /** Of the first client that has an answer. */
    private static String answerOfOne(List<Socket> sockets) throws IOException {
        while (true) {
            for (Socket socket : sockets) {
                if (socket.getInputStream().available() > 0) {
                    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                }
            }
            Thread.onSpinWait();
        }
    }

    /** Sends one image, which waits for a second one, and a part that takes room. */
    private void hold(Socket socket, int padding) throws IOException {
        String body = parts(1, padding);
        socket.getOutputStream()
                .write(
                        ("POST /v1/models/patient/segment HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data;"
                                        + " boundary=x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.ISO_8859_1));
        while (client.meter("gnserve_queue_depth", "patient") != 1) {
            Thread.onSpinWait();
        }
    }

    /** Whose client would otherwise come back again and again. */
    @ParameterizedTest
    @ValueSource(strings = {"image/png", "multipart/form-data; boundary=x"})
    void aBodyLargerThanTheWholeBudgetIsCalledTooLargeHoweverItComes(String contentType) {
        byte[] large = ("--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"
                        + "x".repeat(60_000) + "\r\n--x--\r\n")
                .getBytes(StandardCharsets.US_ASCII);

        Answer answer = client.send(client.request("v1/models/patient/segment")
                .header("Content-Type", contentType)
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large))));

        assertThat(answer.status()).as(answer.text()).isEqualTo(413);
    }

    /** No JSON, as soon as it has been read. */
    private Answer blanks(int count) {
        return client.send(client.request("v2/models/patient/infer").POST(BodyPublishers.ofString(" ".repeat(count))));
    }

    /** As {@link #segmentTwo}, and a part that takes room and is not looked at. */
    private Answer segmentTwoAnd(int padding) {
        return client.send(client.request("v1/models/patient/segment")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .POST(BodyPublishers.ofString(parts(2, padding), StandardCharsets.ISO_8859_1)));
    }

    private static String parts(int images, int padding) {
        String image = "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n"
                + new String(small(), StandardCharsets.ISO_8859_1) + "\r\n";
        return image.repeat(images)
                + "--x\r\nContent-Disposition: form-data; name=\"note\"; filename=\"b\"\r\n\r\n"
                + "x".repeat(padding) + "\r\n--x--\r\n";
    }

    /** Fills a batch, which runs without delay. */
    private Answer segmentTwo() {
        byte[] image = small();
        return client.send(client.parts("v1/models/patient/segment", Map.of("a.png", image, "b.png", image)));
    }

    private static byte[] small() {
        return image(32, 32);
    }

    private static byte[] image(int width, int height) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return png.toByteArray();
    }

    private static void upload(Socket socket, byte[] image) throws IOException {
        socket.getOutputStream()
                .write("POST /v1/models/patient/segment HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
                        .formatted(image.length)
                        .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(image);
    }

    private Answer infer(int millis) {
        return infer(millis, 0);
    }

    private Answer infer(int millis, int padding) {
        return client.send(client.request("v2/models/spinning/infer")
                .POST(BodyPublishers.ofString("""
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 4], "data": [%d, 0, 0, 0]}]}""".formatted(millis) + " ".repeat(padding))));
    }
}
