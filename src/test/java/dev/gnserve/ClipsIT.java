package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
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

/** Clips in, labels out. Expected scores are those of torch 2.15.0 on the frames that Pillow shows (clips/make.py). */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class ClipsIT {

    private static final JsonNode EXPECTED = JsonMapper.shared().readTree(ModelsFolder.bytes("/clips/expected.json"));

    private static final List<String> LABELS = List.of("jump", "run", "sit", "walk");

    private static final String MANIFEST = """
            task: classification
            labels: [jump, run, sit, walk]
            input:
              clip: {frames: 4, %s}
              normalization:
                {kind: fixed, scale: 0.00392156862745098, mean: [0.43, 0.39, 0.38], standardDeviation: [0.23, 0.22, 0.21]}
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
        folder.put("three", "/clips/network.pt", MANIFEST.formatted("stride: 2, clips: 3"));
        folder.put("first", "/clips/network.pt", MANIFEST.formatted("stride: 2"));
        folder.put("spread", "/clips/network.pt", MANIFEST.formatted("sampling: uniform"));
        folder.serveAlone(properties);
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    private Answer post(String model, String path, String file) {
        return client.send(client.request("v1/models/" + model + "/" + path)
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/clips/" + file))));
    }

    private Answer together(String model, String path, String... files) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (String file : files) {
            body.write(("--frames\r\nContent-Disposition: form-data; name=\"image\"; filename=\"" + file + "\"\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            body.write(ModelsFolder.bytes("/clips/" + file));
            body.write("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.write("--frames--\r\n".getBytes(StandardCharsets.UTF_8));
        return client.send(client.request("v1/models/" + model + "/" + path)
                .header("Content-Type", "multipart/form-data; boundary=frames")
                .POST(BodyPublishers.ofByteArray(body.toByteArray())));
    }

    private static JsonNode image(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.json().path("images").size()).isOne();
        return answer.json().path("images").path(0);
    }

    private static void assertScores(JsonNode image, JsonNode expected) {
        assertThat(image.path("predictions").size()).isEqualTo(4);
        for (JsonNode prediction : image.path("predictions")) {
            int label = LABELS.indexOf(prediction.path("label").asString());
            assertThat(prediction.path("score").asDouble())
                    .isCloseTo(expected.path("scores").path(label).asDouble(), within(2e-6));
        }
    }

    private static List<List<Integer>> clips(JsonNode clips, int add) {
        return clips.valueStream()
                .map(clip ->
                        clip.valueStream().map(number -> number.asInt() + add).toList())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lossless.webp", "parts.gif", "plain.png", "stack.tif"})
    void scoresAreTheMeanOfThoseOfPyTorch(String file) {
        JsonNode image = image(post("three", "classify", file));

        assertScores(image, EXPECTED.path(file));
        assertThat(image.path("frames").path("of").asInt()).isEqualTo(12);
        assertThat(clips(image.path("frames").path("clips"), 0))
                .isEqualTo(clips(EXPECTED.path(file).path("clips"), 1));
        assertThat(image.path("width").asInt()).isEqualTo(28);
        assertThat(image.path("timing").path("tiles").asInt()).isEqualTo(3);
    }

    @Test
    void theOnlyClipBeginsWithTheFirstFrame() {
        assertScores(image(post("first", "classify", "stack.tif")), EXPECTED.path("first"));
    }

    @Test
    void imagesOfARequestAreFrames() throws IOException {
        JsonNode image =
                image(together("spread", "classify", "frame-0.png", "frame-1.png", "frame-2.png", "frame-1.png"));
        assertThat(clips(image.path("frames").path("clips"), 0)).isEqualTo(List.of(List.of(1, 2, 3, 4)));

        Answer mixed = together("spread", "classify", "frame-0.png", "stack.tif");
        assertThat(mixed.status()).isEqualTo(400);
        assertThat(mixed.text()).contains("image 2 of the request has 12 frames");
    }

    @Test
    void framesAreSpread() {
        JsonNode image = image(post("spread", "classify", "parts.gif"));
        assertThat(clips(image.path("frames").path("clips"), 0)).isEqualTo(List.of(List.of(1, 4, 8, 12)));
    }

    @Test
    void tooFewFramesAreRefusedWithTheirNumber() {
        Answer answer = post("three", "classify", "cleared.gif");
        assertThat(answer.status()).isEqualTo(422);
        assertThat(answer.text()).contains("it has 6 frames", "which need 7");
        Answer page = post("three", "classify?page=2", "stack.tif");
        assertThat(page.status()).isEqualTo(400);
        assertThat(page.text()).contains("Leave page out");
    }

    @Test
    void layersAreVerifiedOnTheFirstClip() {
        Answer answer = post("three", "verify", "lossless.webp");
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.json().path("verdict").asString()).isEqualTo("PASS");
        assertThat(answer.json().path("calls").size()).isEqualTo(2);
    }
}
