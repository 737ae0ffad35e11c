package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
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

/** Outputs of live traffic are compared with model.yaml: noise at load does not show everything. */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class OutputCheckIT {

    /** Values 2 x - 1: for noise no probabilities; for a picture whose pixels are all 170 they sum to 1. */
    private static final String SOFTMAX =
            "task: segmentation\nlabels: [a, b]\noutput: {name: normals}\ninput: {sizeMultiple: 1}\n";

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
        folder.put("doubtful", "/regression/normals-scripted.pt", SOFTMAX);
        folder.put("tensors", "/regression/normals-scripted.pt", SOFTMAX);
        folder.put("sound", "/regression/normals-scripted.pt", SOFTMAX);
        folder.serveAlone(properties);
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void aMismatchIsCountedAndShown() throws IOException, InterruptedException {
        assertThat(client.post("v1/models/doubtful/segment", image(170)).status())
                .isEqualTo(200);

        waitUntil(() -> client.meter("gnserve_output_mismatch_total", "model=\"doubtful\"") == 1);
        assertThat(outputs("doubtful").path("compared").asInt()).isOne();
        assertThat(outputs("doubtful").path("latest").asString())
                .contains("output.decoder is softmax", "its softmax is done already");
        assertThat(client.meter("gnserve_output_mismatch_total", "model=\"doubtful\""))
                .isEqualTo(1);
    }

    @Test
    void outputsThatFitAreCounted() throws IOException, InterruptedException {
        assertThat(client.post("v1/models/sound/segment", image(90)).status()).isEqualTo(200);

        waitUntil(() -> client.meter("gnserve_output_compared_total", "model=\"sound\"") == 1);
        assertThat(outputs("sound").path("mismatches").asInt()).isZero();
        assertThat(outputs("sound").has("latest")).isFalse();
        assertThat(client.meter("gnserve_output_compared_total", "model=\"sound\""))
                .isEqualTo(1);
        assertThat(client.meter("gnserve_output_mismatch_total", "model=\"sound\""))
                .isZero();
    }

    /** The first output would be compared, and would not fit. The answer to the image is compared after it. */
    @Test
    void valuesThatAClientMadeUpAreNoMismatch() throws IOException, InterruptedException {
        Answer raw = client.send(client.request("v2/models/tensors/infer")
                .POST(BodyPublishers.ofString("""
                        {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 3, 16, 16], "data": [%s3e38]}],
                         "parameters": {"binary_data_output": true}}""".formatted("3e38,".repeat(767)))));
        assertThat(raw.status()).as(raw.text()).isEqualTo(200);

        byte[] image = image(90);
        waitUntil(() -> {
            client.post("v1/models/tensors/segment", image);
            return client.meter("gnserve_output_compared_total", "model=\"tensors\"") >= 1;
        });
        assertThat(outputs("tensors").path("mismatches").asInt()).isZero();
    }

    /** The comparison runs after the answer was sent. */
    private static void waitUntil(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 600 && !condition.getAsBoolean(); i++) {
            Thread.sleep(100);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }

    private JsonNode outputs(String model) {
        return client.get("v1/models/" + model).json().path("outputs");
    }

    private static byte[] image(int gray) throws IOException {
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(gray, gray, gray));
        graphics.fillRect(0, 0, 64, 48);
        graphics.dispose();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }
}
