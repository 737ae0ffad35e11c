package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Models that take an image and other tensors in one request. Expected values are those of PyTorch (parameters/make.py). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ParametersIT {

    private static final int SIDE = 32;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;
    private byte[] picture;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        ModelsFolder folder = new ModelsFolder(models);
        folder.put("conditioned", "/parameters/conditioned-scripted.pt", """
                task: classification
                labels: [a, b, c]
                inputs: [{name: numbers, shapes: [[2]]}, {name: image}, {name: place, dataType: int64, shapes: [[1]], value: [2]}]
                """);
        folder.put("steered", "/parameters/steered-scripted.pt", """
                task: segmentation
                labels: [red]
                inputs: [{name: image}, {name: least, shapes: [[1]], value: [0.5]}]
                input: {tile: {size: 32, overlap: 8}}
                """);
        folder.put("plain", "/models/classifier-traced.pt", "task: classification\nlabels: [a, b, c, d]");
        folder.serveAlone(properties);
    }

    @BeforeEach
    void waitForModels() throws IOException {
        repository.loaded().join();
        client = new ServiceClient(port);
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int first = 21 * i;
            image.setRGB(i % SIDE, i / SIDE, first % 256 << 16 | (first + 7) % 256 << 8 | (first + 14) % 256);
        }
        picture = png(image);
    }

    private static byte[] png(BufferedImage image) throws IOException {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }

    private Answer post(String path, byte[] image, String parameters) {
        return client.send(client.parts(path, Map.of("a.png", image), Map.of("parameters", parameters)));
    }

    @Test
    void anImageAndItsParametersGoInTogether() {
        Answer usual = post("v1/models/conditioned/classify", picture, "{\"numbers\": [0.5, -1]}");
        assertThat(usual.status()).as(usual.text()).isEqualTo(200);
        assertThat(score(usual, "b")).isCloseTo(0.454356, within(1e-4));
        assertThat(score(usual, "c")).isCloseTo(0.091382, within(1e-4));

        Answer other = post("v1/models/conditioned/classify", picture, "{\"place\": 0, \"numbers\": [2, 0.25]}");
        assertThat(score(other, "b")).isCloseTo(0.942260, within(1e-4));
        assertThat(score(other, "a")).isCloseTo(0.042763, within(1e-4));
    }

    private static double score(Answer answer, String label) {
        for (JsonNode found : answer.json().path("images").path(0).path("predictions")) {
            if (found.path("label").asString().equals(label)) {
                return found.path("score").asDouble();
            }
        }
        throw new AssertionError(answer.text());
    }

    /** The image has four tiles; columns of it are as red as their number. */
    @Test
    void everyTileOfEveryImageGetsThem() throws IOException {
        BufferedImage image = new BufferedImage(50, 40, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < 50 * 40; i++) {
            image.setRGB(i % 50, i / 50, (5 * (i % 50)) << 16);
        }
        Map<String, byte[]> images = new LinkedHashMap<>();
        images.put("a.png", png(image));
        images.put("b.png", png(image));

        Answer answer = client.send(
                client.parts("v1/models/steered/segment", images, Map.of("parameters", "{\"least\": 0.25}")));

        // 5 x / 255 is above 0.25 from column 13 on, and above 0.5 from column 26 on.
        assertThat(answer.pixels()).isEqualTo(37 * 40);
        assertThat(answer.json()
                        .path("images")
                        .path(1)
                        .path("classes")
                        .path(0)
                        .path("pixels")
                        .asInt())
                .isEqualTo(37 * 40);
        assertThat(client.post("v1/models/steered/segment", png(image)).pixels())
                .as("the value of model.yaml")
                .isEqualTo(24 * 40);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            conditioned | {"place": 1}                    | numbers FP32 [2] is missing
            conditioned | {"numbers": [1, 2, 3]}          | has the shape [2], but an array with 3 values
            conditioned | {"numbers": [1, "x"]}           | has the value "x", which is not a number
            conditioned | {"numbers": [1, 1e39]}          | which is not a number of the type FP32
            conditioned | {"numbers": [1, 2], "place": 1.5} | has the value 1.5, which is not a whole number
            conditioned | {"numbers": [1, 2], "age": 3}   | names "age", but the model takes numbers FP32 [2], place INT64 [1]
            conditioned | {"numbers": [1, 2], "numbers": [1, 2]} | is no JSON
            conditioned | [1, 2]                          | is no JSON object
            conditioned | {                               | is no JSON
            plain       | {"numbers": [1, 2]}             | takes images or volumes and nothing else
            """)
    void parametersThatDoNotFitAreNamed(String model, String parameters, String says) {
        Answer answer = post("v1/models/" + model + "/classify", picture, parameters);

        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
        assertThat(answer.json().path("detail").asString()).contains(says);
    }

    @Test
    void anImageAloneIsRefusedWhereAParameterMustBeGiven() {
        Answer answer = client.post("v1/models/conditioned/classify", picture);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("detail").asString()).contains("a part named 'parameters' beside the image");
        assertThat(client.post("v1/models/conditioned/verify", picture).text())
                .contains("takes other tensors beside an image");
    }

    @Test
    void theTensorProtocolNamesAllInputs() {
        JsonNode inputs = client.get("v2/models/conditioned").json().path("inputs");

        assertThat(inputs.path(0).path("name").asString()).isEqualTo("numbers");
        assertThat(inputs.path(1).path("name").asString()).isEqualTo("image");
        assertThat(inputs.path(2).path("datatype").asString()).isEqualTo("INT64");
    }
}
