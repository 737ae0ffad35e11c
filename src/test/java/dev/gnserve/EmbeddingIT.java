package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Images in, vectors out. Expected values are PyTorch's (2.15.0; models/make.py prints them). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class EmbeddingIT {

    private static final double[] VECTOR = {-1.0568268, 2.9822824, 0.37529004, -2.0019438};
    private static final double[] NORMALIZED = {-0.28085339, 0.79254621, 0.09973391, -0.53201967};

    private static final String GOLDEN = "task: embedding\ngolden: {image: a.png, expected: a.json, tolerance: 0.001}";

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) throws IOException {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("plain", "/models/classifier-traced.pt", "task: embedding");
        folder.put("unit", "/models/classifier-traced.pt", "task: embedding\noutput: {normalize: true}");
        folder.put("map", "/models/coarse-scripted.pt", "task: embedding");
        folder.put("sure", "/models/classifier-traced.pt", GOLDEN);
        folder.put("unsure", "/models/classifier-traced.pt", GOLDEN);
        putGolden("sure", VECTOR[0]);
        putGolden("unsure", VECTOR[0] + 0.1);
        folder.serveAlone(properties);
    }

    private static void putGolden(String model, double first) throws IOException {
        Files.write(models.resolve(model).resolve("a.png"), image());
        Files.writeString(
                models.resolve(model).resolve("a.json"),
                "{\"images\":[{\"width\":32,\"height\":32,\"embedding\":[%s,%s,%s,%s]}]}"
                        .formatted(first, VECTOR[1], VECTOR[2], VECTOR[3]));
    }

    /** Sample number i, row by row and red, green, blue, is 7 i modulo 256. */
    private static byte[] image() throws IOException {
        BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
        for (int pixel = 0; pixel < 32 * 32; pixel++) {
            int sample = pixel * 3;
            int colour = 7 * sample % 256 << 16 | 7 * (sample + 1) % 256 << 8 | 7 * (sample + 2) % 256;
            image.setRGB(pixel % 32, pixel / 32, colour);
        }
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void theVectorIsThatOfPyTorch() throws IOException {
        JsonNode found = client.post("v1/models/plain/embed", image())
                .json()
                .path("images")
                .path(0);

        assertThat(vector(found)).containsExactly(VECTOR, within(1e-4));
        assertThat(found.path("dimensions").asInt()).isEqualTo(4);
        assertThat(found.path("normalized").asBoolean(true)).isFalse();
        assertThat(found.path("width").asInt()).isEqualTo(32);
        assertThat(found.path("timing").path("tiles").asInt()).isOne();
    }

    @Test
    void theManifestScalesVectorsToLengthOne() throws IOException {
        JsonNode images = client.postParts(
                        "v1/models/unit/embed", new TreeMap<>(Map.of("a.png", image(), "b.png", image())))
                .json()
                .path("images");

        assertThat(images).hasSize(2);
        for (JsonNode found : images) {
            assertThat(vector(found)).containsExactly(NORMALIZED, within(1e-5));
            assertThat(found.path("normalized").asBoolean(false)).isTrue();
        }
        assertThat(images.path(1).path("name").asString()).isEqualTo("b.png");
    }

    @Test
    void otherTasksAndFormsAreRefused() throws IOException {
        Answer wrong = client.post("v1/models/plain/classify", image());
        assertThat(wrong.status()).isEqualTo(409);
        assertThat(wrong.text()).contains("WRONG_TASK", "plain/embed");
        Answer failed = client.post("v1/models/map/embed", image());
        assertThat(failed.status()).isEqualTo(503);
        assertThat(failed.text()).contains("one vector for each image", "output: {name: ...}");
    }

    @Test
    void aKnownVectorGuardsTheModel() throws IOException {
        assertThat(client.post("v1/models/sure/embed", image()).status()).isEqualTo(200);
        assertThat(client.post("v1/models/unsure/embed", image()).text())
                .contains("MODEL_UNAVAILABLE", "expected an embedding of length");
    }

    @Test
    void theLayersAreVerifiedOnAnImage() throws IOException {
        assertThat(client.post("v1/models/plain/verify", image())
                        .json()
                        .path("verdict")
                        .asString())
                .isEqualTo("PASS");
    }

    private static double[] vector(JsonNode image) {
        return image.path("embedding")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
    }
}
