package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.numpy.Npz;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Open Inference Protocol as clients in other processes speak it. What models compute is known by hand or from PyTorch. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.limits.max-upload-size=1MB")
class ProtocolIT {

    private static final String HEADER_LENGTH = "Inference-Header-Content-Length";
    private static final JsonMapper JSON = new JsonMapper();

    /** Two passes may differ in their last digits: the engine adds in another order when a pass has more threads. */
    private static final Offset<Float> BETWEEN_PASSES = within(1e-4f);

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
        folder.put("chain", "/golden/torchscript/chain-scripted.pt", """
                task: segmentation
                labels: [a, b]
                input: {sizeMultiple: 8}
                output: {decoder: sigmoid}
                warmUp: {shapes: [[3, 24, 24]]}
                """);
        folder.put("echo", "/models/echo-scripted.pt", """
                task: segmentation
                labels: [a, b]
                input: {sizeMultiple: 1}
                warmUp: {shapes: [[3, 2, 2]], dataTypes: [fp32, bool, uint8, int8, int32, int64, fp16, fp64]}
                """);
        folder.put("coarse", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        folder.put("patient", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 4, maxDelay: 10s}
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        folder.put("instances", "/models/instances-scripted.pt", """
                task: detection
                labels: [red, green]
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        folder.put("picky", "/engine/picky-scripted.pt", """
                task: segmentation
                labels: [a]
                input: {colour: gray, sizeMultiple: 1}
                output: {decoder: sigmoid}
                warmUp: {shapes: [[1, 1, 2]]}
                """);
        folder.put("vector", "/models/vector-scripted.pt", "task: tensors\nwarmUp: {shapes: [[4], [6]]}");
        folder.put("broken", "/golden/torchscript/chain-scripted.npz", "task: segmentation\nlabels: [a]");
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void theServerAndItsHealthAreTold() {
        assertThat(client.get("v2").json().path("name").asString()).isEqualTo("gnserve");
        assertThat(client.get("v2/").json().path("version").asString()).isNotEmpty();
        assertThat(client.get("v2").json().path("extensions").path(0).asString())
                .isEqualTo("binary_tensor_data");
        assertThat(client.get("v2/health/live").json().path("live").asBoolean()).isTrue();
        assertThat(client.get("v2/health/ready").json().path("ready").asBoolean())
                .isTrue();
        assertThat(client.get("v2/models/coarse/ready").text()).isEqualTo("{\"name\":\"coarse\",\"ready\":true}");
        assertThat(client.get("v2/models/coarse/versions/1/ready").status()).isEqualTo(200);
    }

    @Test
    void aModelThatDoesNotServeIsNotReady() {
        Answer ready = client.get("v2/models/broken/ready");

        assertThat(ready.status()).isEqualTo(503);
        assertThat(ready.text()).isEqualTo("{\"name\":\"broken\",\"ready\":false}");
        assertError(client.get("v2/models/broken"), 503, "broken");
        assertError(infer("broken", request("FP32", "[1,1,1,1]", "[1]")), 503, "broken");
    }

    @Test
    void metadataHaveNamesTypesAndFreeAxes() {
        assertThat(client.get("v2/models/nuclei-unet-gn").text())
                .isEqualTo("{\"name\":\"nuclei-unet-gn\",\"versions\":[\"1\"],\"platform\":\"pytorch_torchscript\","
                        + "\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[-1,3,-1,-1]}],"
                        + "\"outputs\":[{\"name\":\"output\",\"datatype\":\"FP32\",\"shape\":[-1,3,-1,-1]}]}");
        JsonNode coarse = client.get("v2/models/coarse/versions/1").json();
        assertThat(output(coarse, "out").toString())
                .isEqualTo("{\"name\":\"out\",\"datatype\":\"FP32\",\"shape\":[-1,3,-1,-1]}");
        assertThat(output(coarse, "aux").path("shape").toString()).isEqualTo("[-1,1,-1,-1]");
        JsonNode instances = client.get("v2/models/instances").json();
        assertThat(output(instances, "boxes").path("shape").toString()).isEqualTo("[-1,-1,4]");
        assertThat(output(instances, "labels").path("datatype").asString()).isEqualTo("INT64");
    }

    /** PyTorch's own output for its own input of two items. */
    @Test
    void valuesAreThoseOfPyTorch() {
        Npz golden = golden("chain-scripted");
        float[] expected = golden.floats("output");

        JsonNode output = output(
                infer("chain", request("FP32", "[2,3,24,24]", Arrays.toString(golden.floats("input"))))
                        .json(),
                "output");

        assertThat(output.path("shape").toString()).isEqualTo("[2,2,24,24]");
        float[] values = floats(output.path("data"));
        assertThat(values).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(values[i]).isCloseTo(expected[i], within(1e-5f));
        }
    }

    @Test
    void aModelOfTensorsIsServedWithoutAMeaning() {
        assertThat(client.get("v2/models/vector").text())
                .contains(
                        "\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[-1,-1]}]",
                        "{\"name\":\"outer\",\"datatype\":\"FP32\",\"shape\":[-1,-1,-1]}",
                        "{\"name\":\"sum\",\"datatype\":\"FP32\",\"shape\":[-1]}");

        JsonNode answer = infer("vector", request("FP32", "[2,4]", "[[1,3,-2,0.5],[2,0,0,7]]"))
                .json();

        assertThat(output(answer, "outer").path("shape").toString()).isEqualTo("[2,4,4]");
        assertThat(Arrays.copyOf(floats(output(answer, "outer").path("data")), 8))
                .containsExactly(1, 3, -2, 0.5f, 3, 9, -6, 1.5f);
        assertThat(output(answer, "sum").path("shape").toString()).isEqualTo("[2]");
        assertThat(floats(output(answer, "sum").path("data"))).containsExactly(2.5f, 9);
        // Of two values, one is a deviation below the mean and one above.
        assertThat(floats(output(answer, "norm").path("data")))
                .containsExactly(new float[] {-1, 1, -1, 1, 1, -1, -1, 1}, within(1e-4f));

        Answer image = client.post("v1/models/vector/segment", new byte[] {1});
        assertThat(image.text()).contains("WRONG_TASK", "takes tensors, not images", "/v2/models/vector/infer");
        assertThat(client.post("v1/models/vector/verify", new byte[] {1}).text())
                .contains("WRONG_TASK");
    }

    @Test
    void aClientThatGoesAwayInTheMiddleOfItsAnswerIsNoError() throws IOException {
        Logger log = (Logger) LoggerFactory.getLogger("dev.gnserve.problem.ProblemAdvice");
        ListAppender<ILoggingEvent> told = new ListAppender<>();
        told.list = new CopyOnWriteArrayList<>();
        told.start();
        log.setLevel(Level.DEBUG);
        log.addAppender(told);
        try {
            leaveInTheMiddle();
            while (told.list.isEmpty() && !Thread.currentThread().isInterrupted()) {
                Thread.onSpinWait();
            }

            assertThat(told.list).singleElement().satisfies(event -> {
                assertThat(event.getFormattedMessage()).contains("the client disconnected");
                assertThat(event.getLevel()).isEqualTo(Level.DEBUG);
            });
        } finally {
            log.detachAppender(told);
            log.setLevel(null);
        }
    }

    /** Asks for 10 MB of text, and resets the connection when it begins. */
    private void leaveInTheMiddle() throws IOException {
        byte[] values = new byte[3 * 576 * 576];
        Arrays.fill(values, (byte) 200);
        byte[] json = """
                {"inputs": [{"name": "input", "shape": [1, 3, 576, 576], "datatype": "UINT8",
                  "parameters": {"binary_data_size": %d}}]}""".formatted(values.length).getBytes(StandardCharsets.US_ASCII);
        try (Socket socket = new Socket("localhost", port)) {
            OutputStream out = socket.getOutputStream();
            out.write(
                    "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nInference-Header-Content-Length: %d\r\nContent-Length: %d\r\n\r\n"
                            .formatted(json.length, json.length + values.length)
                            .getBytes(StandardCharsets.US_ASCII));
            out.write(json);
            out.write(values);
            assertThat(socket.getInputStream().readNBytes(12))
                    .asString(StandardCharsets.US_ASCII)
                    .isEqualTo("HTTP/1.1 200");
            socket.setSoLinger(true, 0);
        }
    }

    /** The model returns its input, so that the bits are those of the two forms and not those of two passes. */
    @Test
    void jsonAndBinaryDataCarryTheSameBits() {
        Random random = new Random(7);
        float[] input = new float[12];
        for (int i = 0; i < input.length; i++) {
            input[i] = (float) random.nextGaussian();
        }

        Answer json = infer("echo", request("FP32", "[1,3,2,2]", Arrays.toString(input)));
        Answer binary = infer("echo", """
                {"inputs": [{"name": "input", "shape": [1, 3, 2, 2], "datatype": "FP32",
                  "parameters": {"binary_data_size": 48}}],
                 "outputs": [{"name": "same", "parameters": {"binary_data": true}}]}""", bytes(input));

        assertThat(floats(output(json.json(), "same").path("data"))).isEqualTo(input);
        assertThat(tail(binary)).isEqualTo(bytes(input));
    }

    @Test
    void allOutputsAreBinaryIfTheRequestWantsItSo() {
        float[] input = Arrays.copyOf(golden("chain-scripted").floats("input"), 3 * 24 * 24);

        Answer json = infer("chain", request("FP32", "[1,3,24,24]", Arrays.toString(input)));
        Answer binary = infer("chain", """
                {"id": "bits", "inputs": [{"name": "input", "shape": [1, 3, 24, 24], "datatype": "FP32",
                  "parameters": {"binary_data_size": 6912}}], "parameters": {"binary_data_output": true}}""", bytes(input));

        assertThat(binary.contentType()).isEqualTo("application/octet-stream");
        assertThat(head(binary).path("id").asString()).isEqualTo("bits");
        assertThat(output(head(binary), "output").path("parameters").toString())
                .isEqualTo("{\"binary_data_size\":4608}");
        assertThat(floats(tail(binary)))
                .containsExactly(floats(output(json.json(), "output").path("data")), BETWEEN_PASSES);
    }

    @Test
    void theEmbeddedModelAnswersNestedJsonAndBinaryDataAlike() {
        Random random = new Random(5);
        float[] input = new float[3 * 32 * 32];
        for (int i = 0; i < input.length; i++) {
            input[i] = random.nextFloat();
        }
        StringBuilder nested = new StringBuilder();
        for (int row = 0; row < 3 * 32; row++) {
            nested.append(row % 32 == 0 ? (row == 0 ? "[[[" : "],[") : ",")
                    .append(Arrays.toString(Arrays.copyOfRange(input, 32 * row, 32 * row + 32)));
        }
        Answer json = infer("nuclei-unet-gn", request("FP32", "[1,3,32,32]", nested + "]]]"));
        Answer binary = infer("nuclei-unet-gn", """
                {"inputs": [{"name": "input", "shape": [1, 3, 32, 32], "datatype": "FP32",
                  "parameters": {"binary_data_size": 12288}}],
                 "outputs": [{"name": "output", "parameters": {"binary_data": true}}]}""", bytes(input));

        assertThat(json.status()).as(json.text()).isEqualTo(200);
        assertThat(floats(tail(binary)))
                .containsExactly(floats(json.json().path("outputs").path(0).path("data")), BETWEEN_PASSES);
    }

    /** out: 10 times the mean of 4 x 4 pixels; aux: the first channel. */
    @Test
    void outputsOfADictionaryAreChosenByName() {
        float[] input = new float[3 * 16 * 16];
        Arrays.fill(input, 0, 256, 0.5f);
        Arrays.fill(input, 256, 512, 2);
        String json = """
                {"inputs": [{"name": "input", "shape": [1, 3, 16, 16], "datatype": "FP32", "data": %s}], "outputs": %s}""";

        JsonNode all =
                infer("coarse", json.formatted(Arrays.toString(input), "[]")).json();
        JsonNode one = infer("coarse", json.formatted(Arrays.toString(input), "[{\"name\": \"aux\"}]"))
                .json();

        assertThat(all.path("outputs").size()).isEqualTo(2);
        assertThat(output(all, "out").path("shape").toString()).isEqualTo("[1,3,4,4]");
        float[] out = floats(output(all, "out").path("data"));
        assertThat(out[0]).isEqualTo(5);
        assertThat(out[16]).isEqualTo(20);
        assertThat(out[32]).isZero();
        assertThat(one.path("outputs").size()).isEqualTo(1);
        assertThat(floats(one.path("outputs").path(0).path("data")))
                .hasSize(256)
                .containsOnly(0.5f);
        assertThat(one.path("model_name").asString()).isEqualTo("coarse");
        assertThat(one.path("model_version").asString()).isEqualTo("1");
        assertThat(one.has("id")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "BOOL | true,false,true,true,false,false,true,false,true,true,false,true",
                "UINT8 | 0,255,1,2,3,4,5,6,7,8,9,128",
                "INT8 | 0,-128,127,2,3,4,5,6,7,8,9,-1",
                "INT32 | 0,-2147483648,2147483647,2,3,4,5,6,7,8,9,-1",
                "INT64 | 0,-9223372036854775808,9223372036854775807,2,3,4,5,6,7,8,9,-1",
                "FP16 | 0.0,0.5,-65504.0,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,0.099975586",
                "FP32 | 0.0,0.1,3.4028235E38,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,-1.0",
                "FP64 | 0.0,0.1,1.0E300,2.0,3.0,4.0,5.0,6.0,7.0,8.0,9.0,-1.0"
            })
    void everyTypeGoesThroughTheEngineUnchanged(String type, String values) {
        String request = """
                {"inputs": [{"name": "input", "shape": [1, 3, 2, 2], "datatype": "%s", "data": [%s]}],
                 "outputs": [{"name": "same"}]}""";

        Answer answer = infer("echo", request.formatted(type, values));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.json().path("outputs").toString())
                .isEqualTo("[{\"name\":\"same\",\"datatype\":\"%s\",\"shape\":[1,3,2,2],\"data\":[%s]}]"
                        .formatted(type, values));
    }

    /** Four callers, one item each, and a batch that is held back until it is full. */
    @Test
    void requestsOfSeveralCallersShareABatchAndEachGetsItsOwn() {
        double batches = client.meter("gnserve_batch_size_count", "patient");
        double items = client.meter("gnserve_batch_size_sum", "patient");
        ExecutorService callers = Executors.newFixedThreadPool(4);
        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        try {
            for (int caller = 1; caller <= 4; caller++) {
                float[] input = new float[3 * 16 * 16];
                Arrays.fill(input, caller);
                String request = request("FP32", "[1,3,16,16]", Arrays.toString(input));
                answers.add(CompletableFuture.supplyAsync(() -> infer("patient", request), callers));
            }
            for (int caller = 1; caller <= 4; caller++) {
                JsonNode answer = answers.get(caller - 1).join().json();
                assertThat(floats(output(answer, "out").path("data"))).containsOnly(10f * caller);
            }
        } finally {
            callers.shutdownNow();
        }
        assertThat(client.meter("gnserve_batch_size_count", "patient") - batches)
                .isEqualTo(1);
        assertThat(client.meter("gnserve_batch_size_sum", "patient") - items).isEqualTo(4);
    }

    @Test
    void aBatchLargerThanTheModelsOwnIsSplitAndPutTogetherInItsOrder() {
        float[] input = new float[11 * 3 * 16 * 16];
        for (int item = 0; item < 11; item++) {
            Arrays.fill(input, 3 * 256 * item, 3 * 256 * (item + 1), item);
        }
        Answer answer = infer("coarse", request("FP32", "[11,3,16,16]", Arrays.toString(input)));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        JsonNode out = output(answer.json(), "out");
        assertThat(out.path("shape").toString()).isEqualTo("[11,3,4,4]");
        float[] values = floats(out.path("data"));
        for (int item = 0; item < 11; item++) {
            assertThat(values[48 * item]).isEqualTo(10f * item);
            assertThat(values[48 * item + 47]).isEqualTo(10f * item);
        }
    }

    @Test
    void oneItemThatFailsFailsItsRequestWithItsOwnReason() {
        double faults = client.meter("gnserve_requests_total", "picky", "ENGINE_FAULT");
        double fine = client.meter("gnserve_requests_total", "picky", "outcome=\"ok\"");

        assertThat(infer("picky", request("FP32", "[2,1,1,2]", "[1,2,3,4]")).status())
                .isEqualTo(200);
        assertError(
                infer("picky", request("FP32", "[3,1,1,2]", "[1,2,101,4,5,6]")),
                500,
                "values above 100 are not supported");

        assertThat(client.meter("gnserve_requests_total", "picky", "ENGINE_FAULT") - faults)
                .isEqualTo(1);
        assertThat(client.meter("gnserve_requests_total", "picky", "outcome=\"ok\"") - fine)
                .isEqualTo(1);
    }

    @Test
    void resultsOfUnequalLengthAreGivenAloneAndNotTogether() {
        float[] red = new float[3 * 32 * 32];
        Arrays.fill(red, 0, 100, 1);
        float[] both = Arrays.copyOf(red, 2 * red.length);
        Arrays.fill(both, red.length, red.length + 2000, 1);

        Answer alone = infer("instances", request("FP32", "[1,3,32,32]", Arrays.toString(red)));
        Answer nothing = infer("instances", request("FP32", "[1,3,32,32]", Arrays.toString(new float[3 * 32 * 32])));

        assertThat(output(alone.json(), "boxes").path("shape").toString())
                .as(alone.text())
                .isEqualTo("[1,1,4]");
        assertThat(output(nothing.json(), "boxes").toString())
                .isEqualTo("{\"name\":\"boxes\",\"datatype\":\"FP32\",\"shape\":[1,0,4],\"data\":[]}");
        assertError(
                infer("instances", request("FP32", "[2,3,32,32]", Arrays.toString(both))),
                400,
                "Send a request for each");
    }

    @Test
    void aTimeoutInMicrosecondsIsADeadline() {
        String request = """
                {"parameters": {"timeout": %d, "priority": 1},
                 "inputs": [{"name": "input", "shape": [1, 3, 2, 2], "datatype": "UINT8", "data": [1,2,3,4,5,6,7,8,9,1,2,3]}]}""";

        assertError(infer("echo", request.formatted(1)), 504, "deadline");
        assertThat(infer("echo", request.formatted(60_000_000)).status()).isEqualTo(200);
        assertThat(infer("echo", request.formatted(0)).status()).isEqualTo(200);
    }

    @Test
    void refusalsAreCountedWithTheirModel() {
        double before = client.meter("gnserve_requests_total", "chain", "INVALID_REQUEST");

        assertError(infer("chain", "{}"), 400, "inputs is missing");
        assertError(infer("chain", request("FP32", "[1,3,24,20]", "[1]")), 400, "sides that are multiples of 8");
        assertError(infer("chain", request("FP16", "[1,3,24,24]", "[1]")), 400, "The model takes [FP32]");

        assertThat(client.meter("gnserve_requests_total", "chain", "INVALID_REQUEST") - before)
                .isEqualTo(3);
    }

    @Test
    void aHeaderLengthThatLiesIsRefused() {
        for (String length : List.of("-5", "0", "99999999", "7", "x")) {
            Answer answer = client.send(client.request("v2/models/chain/infer")
                    .header(HEADER_LENGTH, length)
                    .POST(BodyPublishers.ofString(request("FP32", "[1,3,24,24]", "[1]"))));
            assertError(answer, 400, "");
        }
    }

    @Test
    void aBodyOverTheLimitIsRefusedAndSoIsAnEncodedOne() {
        byte[] large = new byte[(1 << 20) + 1];
        Answer declared = client.send(client.request("v2/models/chain/infer").POST(BodyPublishers.ofByteArray(large)));
        Answer chunked = client.send(client.request("v2/models/chain/infer")
                .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(large))));
        Answer encoded = client.send(client.request("v2/models/chain/infer")
                .header("Content-Encoding", "gzip")
                .POST(BodyPublishers.ofByteArray(new byte[10])));

        assertError(declared, 413, "1,048,577");
        assertError(chunked, 413, "1,048,576");
        assertError(encoded, 400, "Content-Encoding");
    }

    @ParameterizedTest
    @CsvSource({"gzip, gzip", "deflate, zlib", "deflate, raw"})
    void aCompressedBodyIsReadAsIfItWereNot(String encoding, String format) throws IOException {
        byte[] body = request("INT8", "[1,3,1,1]", "[1,2,3]").getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = format.equals("gzip")
                ? new GZIPOutputStream(packed)
                : new DeflaterOutputStream(packed, new Deflater(9, format.equals("raw")))) {
            out.write(body);
        }

        Answer answer = client.send(client.request("v2/models/echo/infer")
                .header("Content-Encoding", encoding)
                .POST(BodyPublishers.ofByteArray(packed.toByteArray())));

        assertThat(answer.text())
                .isEqualTo(
                        infer("echo", request("INT8", "[1,3,1,1]", "[1,2,3]")).text());
        assertThat(answer.status()).isEqualTo(200);
    }

    /** Some clients declare what their HTTP library does by itself. */
    @ParameterizedTest
    @ValueSource(strings = {"application/x-www-form-urlencoded", "application/octet-stream", "text/plain", "image/png"})
    void theDeclaredMediaTypeDoesNotMatter(String type) {
        Answer answer = client.send(client.request("v2/models/echo/infer")
                .header("Content-Type", type)
                .POST(BodyPublishers.ofString(request("INT8", "[1,3,1,1]", "[1,2,3]"))));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    }

    @Test
    void modelsAreListedByName() {
        assertThat(client.get("v2/models").json().path("models").valueStream().map(JsonNode::asString))
                .contains("chain", "echo", "broken", "nuclei-unet-gn")
                .doesNotHaveDuplicates();
    }

    @Test
    void theConfigurationNamesTensorsAsTritonDoes() {
        JsonNode config = client.get("v2/models/coarse/config").json();

        assertThat(config.path("max_batch_size").asInt()).isPositive();
        JsonNode input = config.path("input").path(0);
        assertThat(input.path("data_type").asString()).isEqualTo("TYPE_FP32");
        assertThat(input.path("dims")).hasToString("[3,-1,-1]");
        assertThat(config.path("output").path(0).path("name").asString()).isEqualTo("aux");
        assertThat(config.path("instance_group").path(0).path("kind").asString())
                .startsWith("KIND_");
        assertThat(client.get("v2/models/coarse/versions/1/config").json()).isEqualTo(config);
    }

    @Test
    void statisticsCountEveryItemOfARequest() {
        JsonNode before = statistics("echo");
        assertThat(infer("echo", request("INT8", "[2,3,1,1]", "[1,2,3,4,5,6]")).status())
                .isEqualTo(200);
        JsonNode after = statistics("echo");

        assertThat(after.path("inference_count").asInt()
                        - before.path("inference_count").asInt())
                .isEqualTo(2);
        for (String stage : List.of("success", "queue", "compute_input", "compute_infer", "compute_output")) {
            JsonNode time = after.path("inference_stats").path(stage);
            assertThat(time.path("count").asInt())
                    .as(stage)
                    .isEqualTo(after.path("inference_count").asInt());
            assertThat(time.path("ns").asLong()).as(stage).isNotNegative();
        }
        long batches = after.path("batch_stats")
                .valueStream()
                .mapToLong(size -> size.path("compute_infer").path("count").asLong())
                .sum();
        assertThat(batches).isEqualTo(after.path("execution_count").asLong());
        assertThat(client.get("v2/models/stats").json().path("model_stats").size())
                .isGreaterThan(1);
    }

    private JsonNode statistics(String model) {
        return client.get("v2/models/" + model + "/stats")
                .json()
                .path("model_stats")
                .path(0);
    }

    /** As Triton's extension_classification.md gives them. The values are those of Group Normalization over pairs. */
    @Test
    void theLargestValuesOfAnOutputAreReturnedAsTexts() {
        String json = """
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [2, 4], "data": [1, -2, 0.5, 1, 0, 0, 0, 9]}],
                 "outputs": [{"name": "norm", "parameters": {"classification": 3%s}}]}""";
        Answer answer = infer("vector", json.formatted(""));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        JsonNode output = answer.json().path("outputs").path(0);
        assertThat(output.path("datatype").asString()).isEqualTo("BYTES");
        assertThat(output.path("shape")).hasToString("[2,3]");
        List<String> texts =
                output.path("data").valueStream().map(JsonNode::asString).toList();
        assertThat(texts).extracting(text -> text.split(":", -1)[1]).containsExactly("0", "3", "2", "3", "0", "1");
        assertThat(Double.parseDouble(texts.get(0).split(":", -1)[0])).isEqualTo(1, within(1e-4));

        Answer binary = infer("vector", json.formatted(", \"binary_data\": true"));
        byte[] body = binary.response().body();
        int head = Integer.parseInt(
                binary.response().headers().firstValue(HEADER_LENGTH).orElseThrow());
        ByteBuffer bytes = ByteBuffer.wrap(body, head, body.length - head).order(ByteOrder.LITTLE_ENDIAN);
        List<String> read = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] text = new byte[bytes.getInt()];
            bytes.get(text);
            read.add(new String(text, StandardCharsets.UTF_8));
        }
        assertThat(read).isEqualTo(texts);
    }

    @Test
    void whatIsNotThereIsAnErrorOfTheProtocol() {
        assertError(client.get("v2/models/nobody"), 404, "nobody");
        assertError(client.get("v2/models/nobody/ready"), 404, "nobody");
        assertError(client.get("v2/models/chain/versions/9/ready"), 404, "no version");
        assertError(infer("nobody", "{}"), 404, "nobody");
        assertError(client.get("v2/models/chain/infer"), 405, "GET");
        assertError(client.get("v2/models/nobody/config"), 404, "nobody");
        assertError(client.get("v2/models/nobody/stats"), 404, "nobody");
        assertError(client.get("v2/trace/setting"), 404, "not supported");
        assertError(client.get("v2/systemsharedmemory/status"), 404, "shared memory");
        assertError(client.get("v2/no/such/path"), 404, "");
        assertError(client.send(client.request("v2").header("Accept", "text/html")), 406, "");
        assertThat(client.get("v1/nothing").contentType()).isEqualTo("application/problem+json");
    }

    private Answer infer(String model, String json) {
        return client.send(client.request("v2/models/" + model + "/infer").POST(BodyPublishers.ofString(json)));
    }

    private Answer infer(String model, String json, byte[] behind) {
        byte[] head = json.getBytes(StandardCharsets.UTF_8);
        byte[] body = Arrays.copyOf(head, head.length + behind.length);
        System.arraycopy(behind, 0, body, head.length, behind.length);
        return client.send(client.request("v2/models/" + model + "/versions/1/infer")
                .header(HEADER_LENGTH, Integer.toString(head.length))
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(body)));
    }

    private static String request(String type, String shape, String data) {
        return "{\"inputs\": [{\"name\": \"input\", \"shape\": %s, \"datatype\": \"%s\", \"data\": %s}]}"
                .formatted(shape, type, data);
    }

    private static void assertError(Answer answer, int status, String message) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/json");
        assertThat(answer.json().propertyNames()).containsExactly("error");
        assertThat(answer.json().path("error").asString()).isNotBlank().contains(message);
    }

    private static int headLength(Answer answer) {
        return Integer.parseInt(
                answer.response().headers().firstValue(HEADER_LENGTH).orElseThrow());
    }

    private static JsonNode head(Answer answer) {
        return JSON.readTree(Arrays.copyOf(answer.response().body(), headLength(answer)));
    }

    private static byte[] tail(Answer answer) {
        byte[] body = answer.response().body();
        return Arrays.copyOfRange(body, headLength(answer), body.length);
    }

    private static JsonNode output(JsonNode answer, String name) {
        return answer.path("outputs")
                .valueStream()
                .filter(output -> output.path("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static float[] floats(JsonNode data) {
        float[] values = new float[data.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Float.parseFloat(data.path(i).toString());
        }
        return values;
    }

    private static float[] floats(byte[] littleEndian) {
        float[] values = new float[littleEndian.length / Float.BYTES];
        ByteBuffer.wrap(littleEndian)
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(values);
        return values;
    }

    private static byte[] bytes(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes.array();
    }

    private static Npz golden(String name) {
        try (InputStream in =
                Objects.requireNonNull(ProtocolIT.class.getResourceAsStream("/golden/torchscript/" + name + ".npz"))) {
            return Npz.read(in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
