package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** Models with several outputs. Expected values are PyTorch's (heads/make.py prints them). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class HeadsIT {

    private static final String HEADS = """
            task: classification
            output: {heads: [{name: age, labels: [child, adult, old]}, {name: sex, labels: [female, male], decoder: sigmoid}]}
            """;

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
        folder.put("heads", "/heads/heads-scripted.pt", HEADS);
        folder.put("wrong", "/heads/heads-scripted.pt", HEADS.replace("child, ", ""));
        folder.put("missing", "/heads/heads-scripted.pt", HEADS.replace("name: age", "name: height"));
        folder.put("twice", "/heads/heads-scripted.pt", HEADS + "labels: [a]");
        folder.put(
                "deep",
                "/heads/deep-scripted.pt",
                "task: segmentation\nlabels: [a, b, c]\noutput: {name: output0, decoder: sigmoid}");
        folder.put(
                "half",
                "/heads/deep-scripted.pt",
                "task: segmentation\nlabels: [a, b, c]\noutput: {name: output1, decoder: sigmoid}");
        String golden = HEADS + "golden: {image: a.png, expected: a.json, tolerance: 0.001}\n";
        for (String name : new String[] {"sure", "unsure"}) {
            folder.put(name, "/heads/heads-scripted.pt", golden);
            Files.write(models.resolve(name).resolve("a.png"), image());
            Files.writeString(
                    models.resolve(name).resolve("a.json"), """
                    {"images":[{"width":32,"height":32,"heads":[
                     {"name":"age","predictions":[{"label":"old","score":0.486818}]},
                     {"name":"sex","predictions":[{"label":"male","score":%s}]}]}]}""".formatted(name.equals("sure") ? 0.886667 : 0.7));
        }
        folder.serveAlone(properties);
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
    void eachHeadHasItsOwnLabelsAndDecoder() throws IOException {
        JsonNode found = client.post("v1/models/heads/classify?top=2", image())
                .json()
                .path("images")
                .path(0);

        assertThat(found.has("predictions")).isFalse();
        assertThat(found.path("heads")).hasSize(2);
        assertThat(found.at("/heads/0/name").asString()).isEqualTo("age");
        assertThat(found.at("/heads/0/predictions")).hasSize(2);
        assertThat(found.at("/heads/0/predictions/0/label").asString()).isEqualTo("old");
        assertThat(found.at("/heads/0/predictions/0/score").asDouble()).isCloseTo(0.486818, within(1e-4));
        assertThat(found.at("/heads/0/predictions/1/label").asString()).isEqualTo("adult");
        assertThat(found.at("/heads/1/predictions/0/label").asString()).isEqualTo("male");
        assertThat(found.at("/heads/1/predictions/0/score").asDouble()).isCloseTo(0.886667, within(1e-4));
        assertThat(found.at("/heads/1/predictions/1/score").asDouble()).isCloseTo(0.779005, within(1e-4));
        assertThat(client.get("v1/models/heads").text()).contains("age.child", "sex.male");
    }

    @Test
    void headsThatDoNotFitAreRefused() throws IOException {
        assertThat(client.post("v1/models/wrong/classify", image()).text())
                .contains("MODEL_UNAVAILABLE", "the 2 labels [adult, old] of the head age");
        assertThat(client.post("v1/models/missing/classify", image()).text()).contains("has the head", "height");
        assertThat(client.post("v1/models/twice/classify", image()).text())
                .contains("is given beside labels, but each head has its own name and labels; remove labels");
    }

    @Test
    void theManifestChoosesOneOfSeveralOutputs() throws IOException {
        JsonNode full = client.post("v1/models/deep/segment?masks=none&objects=false", image())
                .json()
                .at("/images/0/classes/0");
        JsonNode half = client.post("v1/models/half/segment?masks=none&objects=false", image())
                .json()
                .at("/images/0/classes/0");
        int bright = 0;
        for (int pixel = 0; pixel < 32 * 32; pixel++) {
            bright += 7 * pixel * 3 % 256 > 127 ? 1 : 0;
        }

        assertThat(full.path("pixels").asInt()).isEqualTo(bright);
        assertThat(half.path("pixels").asInt()).isNotEqualTo(bright);
    }

    @Test
    void aKnownResultGuardsTheModel() throws IOException {
        assertThat(client.post("v1/models/sure/classify", image()).status()).isEqualTo(200);
        assertThat(client.post("v1/models/unsure/classify", image()).text())
                .contains("MODEL_UNAVAILABLE", "head sex: expected the score of male");
    }
}
