package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.numpy.Npz;
import dev.gnserve.program.Programs;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

/** Programs of torch.export in a models folder. Expected values are PyTorch's (src/test/resources/programs/make.py). */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.settle-time=0s")
class ProgramsIT {

    private static final String TENSORS = "task: tensors";

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        put("unet", "torch-2.15/unet", TENSORS);
        put("old", "torch-2.6/unet", TENSORS);
        put("pyramid", "torch-2.15/pyramid", TENSORS);
        put("half", "torch-2.15/half", TENSORS);
        put("bfloat16", "torch-2.15/bfloat16", TENSORS);
        put("segments", "torch-2.15/unet", "task: segmentation\nlabels: [thing]");
        put("classes", "torch-2.15/fixed-batch", "task: classification\nlabels: [a, b, c]");
        put("greedy", "torch-2.15/pyramid", TENSORS + "\nbatching: {maxSize: 2}");
        put("counter", "torch-2.15/counter", TENSORS);
        put("both", "torch-2.15/unet", TENSORS);
        write(models.resolve("both/1/model.pt"), Programs.bytes("torch-2.15/unet.pt2"));
        put("newer", "torch-2.15/unet", TENSORS);
        write(
                models.resolve("newer/1/model.pt2"),
                Programs.withJson(
                        "torch-2.15/unet.pt2", json -> json.replace("aten.relu_.default", "aten.brand_new.default")));
        put("changing", "torch-2.15/bfloat16", TENSORS);
        new ModelsFolder(models).serveAlone(properties);
    }

    private static void put(String name, String program, String manifest) {
        write(models.resolve(name).resolve("1/model.pt2"), Programs.bytes(program + ".pt2"));
        write(models.resolve(name).resolve("model.yaml"), manifest.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.createDirectories(file.getParent());
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @BeforeEach
    void waitForModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @ParameterizedTest
    @CsvSource({
        "unet, torch-2.15/unet, image, FP32, 3",
        "unet, torch-2.15/unet, input, FP32, 1",
        "old, torch-2.6/unet, image, FP32, 3",
        "pyramid, torch-2.15/pyramid, x, FP32, 1",
        "half, torch-2.15/half, x, FP16, 1",
        "bfloat16, torch-2.15/bfloat16, x, FP32, 1"
    })
    void tensorsGiveWhatPyTorchGives(String model, String program, String input, String type, int runs) {
        Npz arrays = Npz.read(Programs.bytes(program + ".npz"));
        for (int run = 0; run < runs; run++) {
            JsonNode outputs = infer(model, input, type, arrays, "run" + run + ".input0")
                    .json()
                    .path("outputs");
            assertThat(outputs.size()).isPositive();
            for (JsonNode output : outputs) {
                String digits = output.path("name").asString().replaceAll("\\D", "");
                String expected = "run" + run + ".output" + (digits.isEmpty() ? "0" : digits);
                float[] data = new float[output.path("data").size()];
                Arrays.setAll(
                        new Float[data.length],
                        i -> data[i] = output.path("data").path(i).floatValue());
                assertThat(data).containsExactly(arrays.floats(expected), within(1e-5f));
            }
        }
    }

    private Answer infer(String model, String input, String type, Npz arrays, String array) {
        String body = "{\"inputs\":[{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":%s,\"data\":%s}]}"
                .formatted(input, type, arrays.shape(array), Arrays.toString(arrays.floats(array)));
        return client.send(client.request("v2/models/" + model + "/infer").POST(BodyPublishers.ofString(body)));
    }

    @Test
    void theProgramSaysNamesAndFreeAxes() {
        JsonNode input = client.get("v2/models/unet").json().path("inputs").path(0);
        assertThat(input.path("name").asString()).isEqualTo("image");
        assertThat(input.path("shape").toString()).isEqualTo("[-1,3,-1,-1]");
        assertThat(client.get("v2/models/pyramid")
                        .json()
                        .path("inputs")
                        .path(0)
                        .path("shape")
                        .toString())
                .isEqualTo("[-1,3,24,32]");
    }

    @Test
    void sizesThatTheProgramForbidsAreRefusedBeforeTheEngine() {
        Answer refused = client.send(client.request("v2/models/unet/infer")
                .POST(BodyPublishers.ofString(
                        "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,18,16]," + "\"data\":"
                                + Arrays.toString(new float[3 * 18 * 16]) + "}]}")));
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.text())
                .contains("[3, 18, 16], allowed is [3; multiples of 4 from 16 to 256; multiples of 4 from 16 to 256]");
    }

    /** An image larger than the program takes is cut, a smaller one is padded, one of a fixed size is resized. */
    @Test
    void imagesAreMadeToFit() {
        for (int side : new int[] {5, 100, 400}) {
            JsonNode segmented = client.post("v1/models/segments/segment", png(side, side + 3))
                    .json();
            assertThat(segmented
                            .path("images")
                            .path(0)
                            .path("classes")
                            .path(0)
                            .path("label")
                            .asString())
                    .isEqualTo("thing");
        }
        JsonNode classified =
                client.post("v1/models/classes/classify", png(50, 30)).json();
        assertThat(classified.path("images").path(0).path("predictions").size()).isEqualTo(3);
    }

    @Test
    void layersAreVerifiedUnderTheirNames() {
        JsonNode report = client.post("v1/models/segments/verify", png(64, 64)).json();
        assertThat(report.path("verdict").asString()).isEqualTo("PASS");
        assertThat(report.path("calls").path(1).path("layer").asString()).isEqualTo("bottom.1");
        assertThat(client.get("v1/models/classes/layers").text()).contains("body.0.1", "body.2.1");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "greedy | batching.maxSize: is 2; the program takes batches of up to 1",
                "newer | written by torch 2.15.0+cu132, calls aten::brand_new, which the engine does not have",
                "counter | the program changes count while it runs",
                "both | has model.pt and model.pt2, allowed is one of them"
            })
    void whatDoesNotServeSaysWhy(String model, String why) {
        assertThat(client.get("v1/models/" + model).text()).contains("MODEL_UNAVAILABLE", why);
    }

    @Test
    void anotherProgramIsLoadedWithoutARestart() {
        assertThat(client.get("v1/models/changing/layers").text()).contains("body.0.1");
        write(models.resolve("changing/1/model.pt2"), Programs.bytes("torch-2.6/norms.pt2"));
        repository.refresh().join();
        repository.loaded().join();
        assertThat(client.get("v1/models/changing/layers").text())
                .contains("\"tied\"")
                .doesNotContain("body.0.1");
    }

    private static byte[] png(int width, int height) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            ImageIO.write(new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB), "png", out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }
}
