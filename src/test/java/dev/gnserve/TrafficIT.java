package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Promotion, rollback and shadow of versions while clients send requests. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"gnserve.repository.enabled=true", "gnserve.watch-interval=1h"})
class TrafficIT {

    private static final String KEY = "0123456789abcdef0123456789abcdef";
    private static final String TRAFFIC = "v2/repository/models/coarse/traffic";

    private static final byte[] GREEN = green();

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    /** The same archive under labels in another order: what is green for version 1 is blue for version 2. */
    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) throws IOException {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("coarse", "1", "/models/coarse-scripted.pt", manifest("green, blue"));
        folder.put("coarse", "2", "/models/coarse-scripted.pt", manifest("green, blue"));
        folder.put("coarse", "3", "/models/coarse-scripted.pt", manifest("green, blue"));
        Files.writeString(models.resolve("coarse/2/model.yaml"), manifest("blue, green"));
        Files.writeString(models.resolve("coarse/traffic.yaml"), "default: 1\n");
        folder.serveAlone(properties);
        properties.add("gnserve.access.admin-keys", () -> KEY);
    }

    private static String manifest(String labels) {
        return "task: segmentation\nlabels: [" + labels + "]\nwarmUp: {shapes: [[3, 32, 32]]}\n";
    }

    private static byte[] green() {
        BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        image.setRGB(
                0,
                0,
                32,
                32,
                Collections.nCopies(32 * 32, 0xFF00).stream()
                        .mapToInt(Integer::intValue)
                        .toArray(),
                0,
                32);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return png.toByteArray();
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @AfterEach
    void theFileRules() throws IOException {
        Files.writeString(models.resolve("coarse/traffic.yaml"), "# again\n");
        repository.refresh().join();
        Files.writeString(models.resolve("coarse/traffic.yaml"), "default: 1\n");
        repository.refresh().join();
    }

    @Test
    void aVersionIsPromotedAndTakenBackWhileClientsSendRequests() throws InterruptedException {
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger answers = new AtomicInteger();
        CountDownLatch begun = new CountDownLatch(4);
        List<CompletableFuture<Void>> clients = IntStream.range(0, 4)
                .mapToObj(number -> CompletableFuture.runAsync(() -> {
                    while (!ended.get()) {
                        Answer answer = segment("v1/models/coarse/segment");
                        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
                        String first = answer.json()
                                .path("images")
                                .path(0)
                                .path("classes")
                                .path(0)
                                .path("label")
                                .asString();
                        assertThat(first).isEqualTo(version(answer).equals("2") ? "blue" : "green");
                        answers.incrementAndGet();
                        begun.countDown();
                    }
                }))
                .toList();
        try {
            begun.await();
            for (int round = 0; round < 10; round++) {
                assertThat(put("{\"default\": \"2\"}").status()).isEqualTo(200);
                assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("2");
                assertThat(put("{\"default\": 1}").status()).isEqualTo(200);
                assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("1");
            }
        } finally {
            ended.set(true);
        }
        clients.forEach(CompletableFuture::join);
        assertThat(answers).hasPositiveValue();
        assertThat(version(segment("v1/models/coarse/segment?version=3"))).isEqualTo("3");
    }

    @Test
    void aShadowIsComparedAndNeverAnswers() throws InterruptedException {
        assertThat(put("{\"default\": \"1\", \"shadow\": {\"version\": \"2\", \"share\": 1}}")
                        .status())
                .isEqualTo(200);

        JsonNode different = agreementAfterAnImage();
        assertThat(different.path("agreement").asDouble()).isEqualTo(0);

        put("{\"default\": \"1\", \"shadow\": {\"version\": \"3\", \"share\": 1}}");
        JsonNode same = agreementAfterAnImage();
        assertThat(same.path("agreement").asDouble()).isEqualTo(1, within(0.0));
        assertThat(same.path("lowest").asDouble()).isEqualTo(1, within(0.0));
        assertThat(same.path("failed").asInt()).isZero();
        assertThat(client.meter("gnserve_shadow_images_total", "shadow=\"3\"", "outcome=\"compared\""))
                .isPositive();
        assertThat(client.meter("gnserve_shadow_agreement_sum", "shadow=\"2\"")).isZero();
    }

    @Test
    void tensorsHaveTheShadowToo() throws InterruptedException {
        String zeros = String.join(",", Collections.nCopies(2 * 3 * 32 * 32, "0.5"));
        String body =
                "{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": [2, 3, 32, 32], \"data\": [%s]}]}"
                        .formatted(zeros);
        put("{\"default\": \"1\", \"shadow\": {\"version\": \"3\", \"share\": 1}}");

        JsonNode same = agreementAfter(() -> {
            Answer answer = client.send(client.request("v2/models/coarse/infer").POST(BodyPublishers.ofString(body)));
            assertThat(answer.status()).as(answer.text()).isEqualTo(200);
            assertThat(answer.json().path("model_version").asString()).isEqualTo("1");
        });

        assertThat(same.path("agreement").asDouble()).isEqualTo(1, within(0.0));
        assertThat(same.path("failed").asInt()).isZero();
    }

    private JsonNode agreementAfterAnImage() throws InterruptedException {
        return agreementAfter(
                () -> assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("1"));
    }

    /** A copy is dropped while another is compared, so more than one request may be needed. */
    private JsonNode agreementAfter(Runnable request) throws InterruptedException {
        for (int attempt = 0; attempt < 200; attempt++) {
            request.run();
            JsonNode agreement =
                    admin(client.request(TRAFFIC)).json().path("shadow").path("agreement");
            if (agreement.path("images").asInt() > 0) {
                return agreement;
            }
            Thread.sleep(50);
        }
        throw new AssertionError("nothing was compared");
    }

    @Test
    void theFilePromotesAVersion() throws IOException {
        Files.writeString(models.resolve("coarse/traffic.yaml"), "default: 2\nshadow: {version: 3, share: 0.5}\n");
        repository.refresh().join();

        assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("2");
        JsonNode traffic = admin(client.request(TRAFFIC)).json();
        assertThat(traffic.path("default").asString()).isEqualTo("2");
        assertThat(traffic.path("shadow").path("share").asDouble()).isEqualTo(0.5);
        JsonNode listed = client.get("v1/models").json().path("models");
        assertThat(listed.findValuesAsString("version").size()).isEqualTo(listed.size());
        listed.forEach(model -> assertThat(model.path("default").asBoolean())
                .isEqualTo(!model.path("name").asString().equals("coarse")
                        || model.path("version").asString().equals("2")));
    }

    @Test
    void aMistakeInTheFileChangesNothing() throws IOException {
        Files.writeString(models.resolve("coarse/traffic.yaml"), "defualt: 2\n");
        repository.refresh().join();

        assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("1");
    }

    @Test
    void whatIsNotAllowedIsRefusedByName() {
        assertThat(put("{\"default\": \"9\"}").status()).isEqualTo(404);
        assertThat(put("{\"default\": \"9\"}").text()).contains("it has [3, 2, 1]");
        assertThat(put("{\"main\": \"2\"}").status()).isEqualTo(400);
        assertThat(put("{\"main\": \"2\"}").text())
                .contains("main is not known, allowed are the fields [default, shadow]");
        assertThat(put("{\"shadow\": {\"version\": \"2\", \"share\": 10}}").text())
                .contains("share is 10.0");
        assertThat(put("{\"default\": \"2\", \"shadow\": {\"version\": \"2\", \"share\": 1}}")
                        .text())
                .contains("version 2 is the main version and its own shadow");
        assertThat(put("").text()).contains("The request has no body");
        assertThat(put("{\"default\": 1.10}").text()).contains("Write one like 1.10 in quotes");
        assertThat(version(segment("v1/models/coarse/segment"))).isEqualTo("1");
    }

    private Answer segment(String path) {
        return client.post(path, GREEN);
    }

    private static String version(Answer answer) {
        return answer.json().path("version").asString();
    }

    private Answer put(String body) {
        return admin(client.request(TRAFFIC)
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(body)));
    }

    private Answer admin(HttpRequest.Builder request) {
        return client.send(request.header("Authorization", "Bearer " + KEY));
    }
}
