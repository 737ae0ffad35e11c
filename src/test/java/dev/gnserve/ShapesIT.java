package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.numpy.Npz;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

/**
 * Models with inputs of every shape, served as tensors. Expected values are PyTorch's
 * (src/test/resources/shapes/make.py and programs/make.py).
 */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.settle-time=0s")
class ShapesIT {

    private static final Path SHAPES = Path.of("src/test/resources/shapes");
    private static final Path CHANNELS = Path.of("src/test/resources/channels");
    private static final Path PROGRAMS = Path.of("src/test/resources/programs/torch-2.15");

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        put("two-inputs", "inputs: [{name: image, shapes: [[3, 8, 12]]}, {name: mask, shapes: [[8, 12]]}]");
        put(
                "containers",
                "inputs: [{name: views.left, shapes: [[3, 6, 6]]}, {name: views.right, shapes: [[3, 6, 6]]},"
                        + " {name: levels.0, shapes: [[5]]}, {name: levels.1, shapes: [[5]]},"
                        + " {name: pair.0, shapes: [[5]]}, {name: pair.1, shapes: [[5]]}]");
        put("chosen", "inputs: [{name: image, shapes: [[3, 8, 12]]}]\nbatching: {whole: true}");
        put("clip", "warmUp: {shapes: [[3, 4, 6, 6]]}");
        put("volume", "warmUp: {shapes: [[1, 4, 6, 6]]}");
        put("fixed-size", "warmUp: {shapes: [[3, 6, 10]]}\nbatching: {maxSize: 1}");
        put("four-channels", "warmUp: {shapes: [[4, 8, 8]]}");
        put("bands", SHAPES.resolve("four-channels.pt"), """
                task: segmentation
                labels: [a, b]
                input:
                  channels: 4
                  sizeMultiple: 1
                  normalization:
                    scale: 0.00392156862745098
                    mean: [0.1, 0.2, 0.3, 0.4]
                    standardDeviation: [0.5, 0.4, 0.3, 0.2]
                """);
        for (String program : List.of("nested", "integers", "operators", "outputs")) {
            put(program, "");
        }
        new ModelsFolder(models).serveAlone(properties);
    }

    private static void put(String model, String manifest) {
        Path archive = SHAPES.resolve(model + ".pt");
        put(model, Files.exists(archive) ? archive : PROGRAMS.resolve(model + ".pt2"), "task: tensors\n" + manifest);
    }

    private static void put(String model, Path from, String manifest) {
        try {
            Path version = Files.createDirectories(models.resolve(model).resolve("1"));
            Files.copy(from, version.resolve(from.toString().endsWith(".pt") ? "model.pt" : "model.pt2"));
            Files.writeString(models.resolve(model).resolve("model.yaml"), manifest);
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
    @ValueSource(strings = {"two-inputs", "containers", "chosen", "clip", "volume", "fixed-size", "four-channels"})
    void archivesGiveWhatPyTorchGives(String model) throws IOException {
        compare(model, Npz.read(Files.readAllBytes(SHAPES.resolve(model + ".npz"))), "x", "y");
    }

    @ParameterizedTest
    @ValueSource(strings = {"nested", "integers", "operators"})
    void programsGiveWhatPyTorchGives(String model) throws IOException {
        compare(model, Npz.read(Files.readAllBytes(PROGRAMS.resolve(model + ".npz"))), "run0.input", "run0.output");
    }

    /** Outputs are in PyTorch's order, or named so that their order is that of PyTorch. */
    private void compare(String model, Npz arrays, String input, String output) {
        Answer answer = infer(model, arrays, input);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        Map<String, JsonNode> outputs = new TreeMap<>(
                (a, b) -> a.length() != b.length() ? Integer.compare(a.length(), b.length()) : a.compareTo(b));
        answer.json()
                .path("outputs")
                .forEach(each -> outputs.put(each.path("name").asString(), each));
        if (model.equals("containers")) {
            assertThat(outputs.keySet()).containsExactly("sum", "difference");
            same(outputs.get("difference"), arrays, output + 0);
            same(outputs.get("sum"), arrays, output + 1);
            return;
        }
        int place = 0;
        for (JsonNode each : outputs.values()) {
            same(each, arrays, output + place++);
        }
        assertThat(arrays.has(output + place)).as("an output is missing").isFalse();
    }

    private static void same(JsonNode output, Npz arrays, String expected) {
        assertThat(output.path("shape").valueStream().map(JsonNode::intValue).toList())
                .isEqualTo(
                        IntStream.of(arrays.shape(expected).toArray()).boxed().toList());
        double[] data = output.path("data")
                .valueStream()
                .mapToDouble(JsonNode::doubleValue)
                .toArray();
        assertThat(data).containsExactly(arrays.doubles(expected), within(1e-5));
    }

    private Answer infer(String model, Npz arrays, String prefix) {
        JsonNode inputs = client.get("v2/models/" + model).json().path("inputs");
        String all = IntStream.range(0, inputs.size())
                .mapToObj(i -> {
                    String type = inputs.path(i).path("datatype").asString();
                    return "{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":%s,\"data\":%s}"
                            .formatted(
                                    inputs.path(i).path("name").asString(),
                                    type,
                                    arrays.shape(prefix + i),
                                    values(type, arrays.doubles(prefix + i)));
                })
                .collect(Collectors.joining(","));
        return post(model, "{\"inputs\":[" + all + "]}");
    }

    private Answer post(String model, String body) {
        return client.send(client.request("v2/models/" + model + "/infer").POST(BodyPublishers.ofString(body)));
    }

    private static String values(String type, double[] values) {
        List<Object> all = new ArrayList<>();
        for (double value : values) {
            all.add(type.equals("BOOL") ? (Object) (value != 0) : type.contains("INT") ? (Object) (long) value : value);
        }
        return JsonMapper.shared().writeValueAsString(all);
    }

    /** A size that depends on the request is free; the axes of what is no batch are those of forward. */
    @Test
    void theMetadataSayWhichAxesAreFree() {
        assertThat(shapes("two-inputs", "inputs")).isEqualTo("[-1,3,8,12] [-1,8,12]");
        assertThat(shapes("chosen", "inputs")).isEqualTo("[3,8,12]");
        assertThat(shapes("chosen", "outputs")).isEqualTo("[-1,4] [-1] [] [-1,4]");
        assertThat(shapes("nested", "inputs")).isEqualTo("[1,3,8,8] [1] [1] [1] [1] [2] [3]");
        assertThat(shapes("outputs", "inputs")).isEqualTo("[-1,3]");
    }

    private String shapes(String model, String direction) {
        return client.get("v2/models/" + model)
                .json()
                .path(direction)
                .valueStream()
                .map(tensor -> tensor.path("shape").toString())
                .collect(Collectors.joining(" "));
    }

    /** A mean and a deviation for each channel; the classes are PyTorch's (channels/make.py). */
    @Test
    void picturesOfFourChannelsAreSegmented() throws IOException {
        Npz values = Npz.read(Files.readAllBytes(CHANNELS.resolve("values.npz")));
        double[] classes = values.doubles("classes");

        Answer answer = client.post("v1/models/bands/segment", Files.readAllBytes(CHANNELS.resolve("bands-8.tif")));

        JsonNode found = answer.json().path("images").path(0).path("classes");
        assertThat(found.size()).as(answer.text()).isEqualTo(2);
        for (int label = 1; label <= 2; label++) {
            JsonNode mask = found.path(label - 1).path("mask");
            boolean[][] pixels = CocoRleDecoder.decode(mask.path("counts").asString(), 8, 8);
            for (int i = 0; i < classes.length; i++) {
                assertThat(pixels[i / 8][i % 8]).isEqualTo(classes[i] == label);
            }
        }
        Answer colours = client.post(
                "v1/models/bands/segment",
                Files.readAllBytes(Path.of("src/main/resources/samples/nuclei/fluorescence-256.png")));
        assertThat(colours.status()).isEqualTo(422);
        assertThat(colours.text()).contains("the model takes 4");
    }

    @Test
    void wrongInputsAreRefusedByName() {
        String image = "{\"name\":\"image\",\"datatype\":\"FP32\",\"shape\":[1,3,8,12],\"data\":" + zeros(288) + "}";
        String mask = "{\"name\":\"mask\",\"datatype\":\"FP32\",\"shape\":[2,8,12],\"data\":" + zeros(192) + "}";
        refuses("two-inputs", image, "The request has the inputs [image]. The model takes [image, mask], each once.");
        refuses(
                "two-inputs",
                image + "," + mask.replace("mask", "other"),
                "The request has the inputs [image, other]. The model takes [image, mask], each once.");
        refuses("two-inputs", image + "," + mask, "The inputs have different batch sizes: {image=1, mask=2}");
        refuses(
                "operators",
                "{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1,5,6],\"data\":" + zeros(30) + "}",
                "has the shape [1, 5, 6]. The model takes [2, 5, 6]");
    }

    private void refuses(String model, String inputs, String why) {
        Answer answer = post(model, "{\"inputs\":[" + inputs + "]}");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.text()).contains(why);
    }

    private static String zeros(int count) {
        return IntStream.range(0, count).mapToObj(i -> "0").collect(Collectors.joining(",", "[", "]"));
    }
}
