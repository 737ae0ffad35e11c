package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What is sent within the limits gets its result, and its own. */
class OwnResultsJarIT {

    private static final int SIDE = 6_000;
    private static final int TRIES = 50;

    @TempDir
    private static Path work;

    private static JarWithModels jar;

    @BeforeAll
    static void start() throws IOException {
        ModelsFolder models = JarWithModels.models(work);
        models.put("optional", "/engine/optional-key.pt", """
                task: tensors
                warmUp: {shapes: [[1, 2, 2]]}
                batching: {maxSize: 2, maxDelay: 10s}
                """);
        models.put("large", "/models/classifier-traced.pt", """
                task: classification
                labels: [a, b, c, d]
                input: {resize: {mode: stretch, width: 64, height: 64}}
                """);
        models.put("patient", "/models/vector-scripted.pt", """
                task: tensors
                warmUp: {shapes: [[4]]}
                batching: {maxSize: 4, maxDelay: 500ms}
                """);
        jar = JarWithModels.start(
                        work, "--gnserve.limits.max-pixels=40000000", "--gnserve.limits.max-pixels-in-flight=40000000")
                .awaitReady();
    }

    @AfterAll
    static void stop() {
        jar.close();
    }

    /** The model gives two outputs for a small value, and four for one over 5. */
    @Test
    void itemsOfOneBatchGetTheOutputsThatTheModelGaveForThem() {
        double batches = jar.client().meter("gnserve_batch_size_count", "optional");
        ExecutorService clients = Executors.newFixedThreadPool(2);
        try {
            CompletableFuture<Answer> small = CompletableFuture.supplyAsync(() -> optional(2), clients);
            CompletableFuture<Answer> large = CompletableFuture.supplyAsync(() -> optional(9), clients);

            assertThat(outputs(small.join())).isEqualTo(Map.of("boxes", "[2.0,2.0,2.0,2.0]", "scores", "[2.0]"));
            assertThat(outputs(large.join()))
                    .isEqualTo(Map.of(
                            "boxes", "[9.0,9.0,9.0,9.0]",
                            "scores", "[9.0]",
                            "labels", "[9.0]",
                            "masks", "[9.0,9.0,9.0,9.0]"));
            assertThat(jar.client().meter("gnserve_batch_size_count", "optional") - batches)
                    .as("batches")
                    .isOne();
        } finally {
            clients.shutdownNow();
        }
    }

    /** Each alone takes nearly all the pixels that may be decoded; nothing else is under way. */
    @Test
    void imagesOfOneRequestThatDoNotFitTogetherAreAnsweredOneAfterTheOther() throws IOException {
        byte[] image = gray();

        Answer answer = jar.client()
                .postParts("v1/models/large/classify", new TreeMap<>(Map.of("a.png", image, "b.png", image)));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        JsonNode images = answer.json().path("images");
        assertThat(images).as(answer.text()).hasSize(2);
        assertThat(images).as(answer.text()).allSatisfy(one -> {
            assertThat(one.path("predictions")).as(one.toString()).isNotEmpty();
        });
    }

    /** The batch waits for others only as long as the deadlines in it allow, not until all are late. On a busy machine some are. */
    @Test
    void aDeadlineShorterThanTheDelayOfABatchIsMetByAnIdleServer() {
        assertThat(jar.infer("patient", "1, 4", "1, 2, 3, 4").status()).isEqualTo(200);
        List<String> late = new ArrayList<>();
        while (late.size() < TRIES) {
            Answer answer = jar.infer("patient", "1, 4", "1, 2, 3, 4", "X-Timeout-Millis", "200");
            if (answer.status() == 200) {
                return;
            }
            assertThat(answer.status()).as(answer.text()).isEqualTo(504);
            late.add(answer.text());
        }
        assertThat(late).as("all are late").isEmpty();
    }

    private static Answer optional(int value) {
        return jar.infer("optional", "1, 1, 2, 2", "%d, 0, 0, 0".formatted(value));
    }

    /** The values of each output, by name. */
    private static Map<String, String> outputs(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        Map<String, String> outputs = new TreeMap<>();
        answer.json()
                .path("outputs")
                .forEach(output -> outputs.put(
                        output.path("name").asString(), output.path("data").toString()));
        return outputs;
    }

    private static byte[] gray() throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_BYTE_GRAY), "png", png);
        return png.toByteArray();
    }
}
