package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** The real application with the embedded model, asked over HTTP about real images. */
@RunningService
class ServingIT {

    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment";

    @LocalServerPort
    int port;

    @Autowired
    ModelRepository models;

    ServiceClient client;

    @BeforeAll
    void awaitModels() {
        client = new ServiceClient(port);
        models.loaded().join();
    }

    /** What is found must not fall below: Dice of the mask, share of nuclei matched at IoU 0.5. */
    @ParameterizedTest
    @CsvSource({
        "fluorescence-256, 0.87, 0.62",
        "fluorescence-696x520, 0.93, 0.95",
        "histology-violet, 0.91, 0.83",
        "histology-white, 0.93, 0.6",
        "brightfield-1024, 0.84, 0.83"
    })
    void findsTheNucleiOfRealImages(String name, double dice, double matched) {
        int[][] truth = Samples.truth(name);

        Answer answer = client.postParts(SEGMENT, Map.of(name + ".png", Samples.png(name)));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        JsonNode image = answer.json().path("images").path(0);
        assertThat(image.path("name").asString()).isEqualTo(name + ".png");
        assertThat(image.path("width").asInt()).isEqualTo(truth[0].length);
        assertThat(image.path("height").asInt()).isEqualTo(truth.length);
        JsonNode nuclei = image.path("classes").path(0);
        boolean[][] mask = decoded(nuclei.path("mask"));
        assertThat(count(mask)).isEqualTo(nuclei.path("pixels").asInt());
        assertThat(dice(mask, truth)).isGreaterThan(dice);
        assertThat(matched(image.path("objects"), truth)).isGreaterThan(matched);
        assertThat(image.path("timing").path("tiles").asInt()).isEqualTo(truth.length > 768 ? 4 : 1);
        assertThat(image.path("timing").path("inferenceMillis").asDouble()).isPositive();
    }

    @Test
    void objectsAgreeWithTheirMasks() {
        JsonNode image = client.post(SEGMENT, Samples.png("fluorescence-256"))
                .json()
                .path("images")
                .path(0);

        assertThat(image.path("objects").size()).isPositive();
        for (JsonNode object : image.path("objects")) {
            boolean[][] mask = decoded(object.path("mask"));
            assertThat(count(mask)).isEqualTo(object.path("area").asInt());
            JsonNode box = object.path("box");
            double sumX = 0;
            for (int y = 0; y < mask.length; y++) {
                for (int x = 0; x < mask[0].length; x++) {
                    if (mask[y][x]) {
                        sumX += x + 0.5;
                        assertThat(x)
                                .isBetween(
                                        box.path("x").asInt(),
                                        box.path("x").asInt()
                                                + box.path("width").asInt()
                                                - 1);
                        assertThat(y)
                                .isBetween(
                                        box.path("y").asInt(),
                                        box.path("y").asInt()
                                                + box.path("height").asInt()
                                                - 1);
                    }
                }
            }
            assertThat(object.path("centroid").path("x").asDouble())
                    .isCloseTo(sumX / count(mask), org.assertj.core.data.Offset.offset(0.01));
            assertThat(object.path("score").asDouble()).isBetween(0.5, 1.0);
        }
    }

    @Test
    void masksComeInEveryEncodingAndAgree() throws IOException {
        byte[] sample = Samples.png("fluorescence-256");
        boolean[][] rle = decoded(classMask(client.post(SEGMENT, sample)));

        JsonNode png = classMask(client.post(SEGMENT + "?masks=png", sample));
        BufferedImage decoded = ImageIO.read(new ByteArrayInputStream(
                Base64.getDecoder().decode(png.path("data").asString())));
        for (int y = 0; y < rle.length; y++) {
            for (int x = 0; x < rle[0].length; x++) {
                assertThat(decoded.getRaster().getSample(x, y, 0) != 0).isEqualTo(rle[y][x]);
            }
        }

        JsonNode polygon = classMask(client.post(SEGMENT + "?masks=polygon", sample));
        assertThat(polygon.path("polygons").size()).isGreaterThan(10);

        JsonNode none = client.post(SEGMENT + "?masks=none&objects=false", sample)
                .json()
                .path("images")
                .path(0);
        assertThat(none.path("classes").path(0).has("mask")).isFalse();
        assertThat(none.has("objects")).isFalse();
    }

    @Test
    void aHigherThresholdGivesASmallerMask() {
        byte[] sample = Samples.png("fluorescence-256");

        assertThat(client.post(SEGMENT + "?threshold=0.9", sample).pixels())
                .isLessThan(client.post(SEGMENT, sample).pixels());
    }

    @Test
    void picturesShowTheSameAsJson() throws IOException {
        byte[] sample = Samples.png("fluorescence-696x520");
        JsonNode image = client.post(SEGMENT, sample).json().path("images").path(0);

        BufferedImage overlay = picture(sample, "overlay");
        BufferedImage labels = picture(sample, "labels");
        BufferedImage objects = picture(sample, "objects");

        assertThat(overlay.getWidth()).isEqualTo(696);
        assertThat(overlay.getHeight()).isEqualTo(520);
        assertThat(overlay.getRaster().getNumBands()).isEqualTo(3);
        int[] values = labels.getRaster().getSamples(0, 0, 696, 520, 0, (int[]) null);
        assertThat(Arrays.stream(values).sum())
                .isEqualTo(image.path("classes").path(0).path("pixels").asInt());
        assertThat(objects.getRaster().getSampleModel().getSampleSize(0)).isEqualTo(16);
        int[] ids = objects.getRaster().getSamples(0, 0, 696, 520, 0, (int[]) null);
        assertThat(Arrays.stream(ids).max().orElseThrow())
                .isEqualTo(image.path("objects").size());
    }

    @Test
    void corruptImageInABurstFailsAlone() {
        byte[] whole = Samples.png("fluorescence-256");
        Map<String, byte[]> parts = new LinkedHashMap<>();
        parts.put("a.png", whole);
        parts.put("b.png", Arrays.copyOf(whole, whole.length / 2));
        parts.put("c.png", Samples.png("histology-violet"));

        Answer answer = client.postParts(SEGMENT, parts);

        assertThat(answer.status()).isEqualTo(200);
        JsonNode images = answer.json().path("images");
        assertThat(images.path(0).path("name").asString()).isEqualTo("a.png");
        assertThat(images.path(0).has("problem")).isFalse();
        assertThat(images.path(1).path("problem").path("code").asString()).isEqualTo("IMAGE_UNDECODABLE");
        assertThat(images.path(1).has("classes")).isFalse();
        assertThat(images.path(2).path("width").asInt()).isEqualTo(320);
    }

    @Test
    void manyClientsShareBatchesAndEachGetsItsOwnAnswer() throws Exception {
        List<String> names = List.of("fluorescence-256", "histology-violet", "histology-white");
        Map<String, Integer> alone = new LinkedHashMap<>();
        names.forEach(name -> alone.put(
                name, client.post(SEGMENT + "?masks=none", Samples.png(name)).pixels()));
        double batches = client.meter("gnserve_batch_size_count");
        double items = client.meter("gnserve_batch_size_sum");
        double ok = client.meter("gnserve_requests_total", "outcome=\"ok\"");

        ExecutorService clients = Executors.newFixedThreadPool(16);
        try {
            List<Future<Integer>> answers = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                String name = names.get(i % names.size());
                answers.add(clients.submit(() ->
                        client.post(SEGMENT + "?masks=none", Samples.png(name)).pixels()));
            }
            for (int i = 0; i < answers.size(); i++) {
                assertThat(answers.get(i).get()).isEqualTo(alone.get(names.get(i % names.size())));
            }
        } finally {
            clients.shutdownNow();
        }

        double ranBatches = client.meter("gnserve_batch_size_count") - batches;
        double ranItems = client.meter("gnserve_batch_size_sum") - items;
        assertThat(ranItems).isEqualTo(64);
        assertThat(ranItems / ranBatches).as("mean batch size").isGreaterThan(1);
        assertThat(client.meter("gnserve_requests_total", "outcome=\"ok\"") - ok)
                .isEqualTo(64);
        assertThat(client.meter("gnserve_batch_duration_seconds_count", "stage=\"infer\""))
                .isGreaterThanOrEqualTo(ranBatches);
        assertThat(client.meter("gnserve_engine_arrays")).isZero();
    }

    @Test
    void everyRefusalIsAProblem() {
        byte[] sample = Samples.png("fluorescence-256");
        byte[] text = "this is no picture".getBytes(StandardCharsets.US_ASCII);
        double faults = client.meter("gnserve_requests_total", "ENGINE_FAULT");
        double tooLarge = client.meter("gnserve_requests_total", "UPLOAD_TOO_LARGE");

        assertProblem(client.post(SEGMENT, Arrays.copyOf(sample, 5000)), 422, "IMAGE_UNDECODABLE", "5000 bytes");
        assertProblem(client.postParts(SEGMENT, Map.of("a.png", text)), 415, "UNSUPPORTED_MEDIA", "a.png");
        assertProblem(client.post(SEGMENT, new byte[0]), 400, "INVALID_REQUEST", "empty");
        double mistakes = client.meter("gnserve_requests_total", "INVALID_REQUEST");
        assertProblem(client.post(SEGMENT + "?threshold=1.5", sample), 400, "INVALID_REQUEST", "between 0 and 1");
        assertProblem(client.post(SEGMENT + "?masks=svg", sample), 400, "INVALID_REQUEST", "polygon");
        assertThat(client.meter("gnserve_requests_total", "INVALID_REQUEST")).isEqualTo(mistakes + 2);
        assertProblem(client.post("v1/models/none/segment", sample), 404, "MODEL_NOT_FOUND", "nuclei-unet-gn");
        assertProblem(client.post(SEGMENT + "?version=77", sample), 404, "MODEL_NOT_FOUND", "77");
        assertProblem(
                client.post("v1/models/nuclei-unet-gn/detect", sample), 409, "WRONG_TASK", "nuclei-unet-gn/segment");
        assertProblem(client.post(SEGMENT, png(50_000, 50_000)), 413, "IMAGE_TOO_LARGE", "50");
        assertProblem(
                client.send(client.request(SEGMENT)
                        .header("Content-Type", "application/octet-stream")
                        .POST(BodyPublishers.ofByteArray(new byte[40_000_000]))),
                413,
                "UPLOAD_TOO_LARGE",
                "40,000,000");
        assertProblem(
                client.postParts(SEGMENT, Map.of("a.png", new byte[40_000_000])),
                413,
                "UPLOAD_TOO_LARGE",
                "33,554,432");
        assertProblem(
                client.send(client.request(SEGMENT)
                        .header("Content-Type", "text/plain")
                        .POST(BodyPublishers.ofByteArray(text))),
                415,
                "UNSUPPORTED_MEDIA",
                "text/plain");
        assertProblem(
                client.send(client.parts(SEGMENT, Map.of("a.png", sample)).header("X-Timeout-Millis", "1")),
                504,
                "DEADLINE_EXCEEDED",
                "1 ms");
        assertProblem(
                client.send(client.parts(SEGMENT, Map.of("a.png", sample)).header("X-Timeout-Millis", "soon")),
                400,
                "INVALID_REQUEST",
                "X-Timeout-Millis");
        assertProblem(
                client.send(client.parts(SEGMENT, Map.of("a.png", sample)).header("Accept", "text/csv")),
                406,
                "NOT_ACCEPTABLE",
                "text/csv");
        assertProblem(
                client.send(client.parts(SEGMENT, Map.of("a.png", sample, "b.png", sample))
                        .header("Accept", "image/png")),
                400,
                "INVALID_REQUEST",
                "one image per request");
        assertProblem(client.get("nothing/here"), 404, "NOT_FOUND", "/nothing/here");
        assertProblem(client.get(SEGMENT), 405, "METHOD_NOT_ALLOWED", "POST");
        assertProblem(client.postParts(SEGMENT, Map.of()), 400, "INVALID_REQUEST", "image");
        Map<String, byte[]> many = new LinkedHashMap<>();
        for (int i = 0; i < 2000; i++) {
            many.put(i + ".png", text);
        }
        double invalid = client.meter("gnserve_requests_total", "INVALID_REQUEST");
        assertProblem(client.postParts(SEGMENT, many), 400, "INVALID_REQUEST", "parts");

        assertThat(client.meter("gnserve_requests_total", "INVALID_REQUEST")).isEqualTo(invalid + 1);
        assertThat(client.meter("gnserve_requests_total", "UPLOAD_TOO_LARGE")).isEqualTo(tooLarge + 2);
        assertThat(client.meter("gnserve_requests_total", "ENGINE_FAULT"))
                .as("what the web server refuses is no fault of the engine")
                .isEqualTo(faults);
        assertThat(client.post(SEGMENT, sample).status()).isEqualTo(200);
    }

    @Test
    void requestIdIsEchoedWhenHarmlessAndReplacedWhenNot() {
        Answer own = client.send(client.request("v1/models").header("X-Request-Id", "job-7:cell/3"));
        Answer hostile = client.send(client.request("v1/models").header("X-Request-Id", "{\"forged\": \"line\"}"));

        assertThat(own.response().headers().firstValue("X-Request-Id")).hasValue("job-7:cell/3");
        assertThat(hostile.response().headers().firstValue("X-Request-Id").orElseThrow())
                .matches("[0-9a-f]{16}");
    }

    @Test
    void jsonIsCompressedWhenAskedFor() {
        Answer answer = client.send(client.parts(SEGMENT, Map.of("a.png", Samples.png("fluorescence-256")))
                .header("Accept-Encoding", "gzip"));

        assertThat(answer.response().headers().firstValue("Content-Encoding")).hasValue("gzip");
        assertThat(answer.response().body().length).isLessThan(8_000);
    }

    @Test
    void modelsTellWhatTheyAre() {
        JsonNode list = client.get("v1/models").json().path("models");
        JsonNode nuclei = list.valueStream()
                .filter(model -> model.path("name").asString().equals("nuclei-unet-gn"))
                .findFirst()
                .orElseThrow();
        JsonNode detail = client.get("v1/models/nuclei-unet-gn").json();

        assertThat(nuclei.path("state").asString()).isEqualTo("READY");
        assertThat(nuclei.path("task").asString()).isEqualTo("segmentation");
        assertThat(nuclei.path("reason").isNull()).isTrue();
        assertThat(detail.path("labels").path(0).asString()).isEqualTo("nucleus");
        assertThat(detail.path("execution").path("device").asString()).isNotEmpty();
        assertThat(detail.path("golden").path("verdict").asString()).isEqualTo("PASS");
        assertThat(detail.path("golden").path("image").asString()).isEqualTo("golden.png");
        assertProblem(client.get("v1/models/none"), 404, "MODEL_NOT_FOUND", "nuclei-unet-gn");
    }

    @Test
    void aModelCountsItsVerificationsAndItsRequests() {
        JsonNode before = client.get("v1/models/nuclei-unet-gn").json();
        client.send(client.parts(SEGMENT, Map.of("a.png", Samples.png("fluorescence-256"))));
        Answer verified = client.send(
                client.parts("v1/models/nuclei-unet-gn/verify", Map.of("a.png", Samples.png("fluorescence-256"))));
        JsonNode after = client.get("v1/models/nuclei-unet-gn").json();

        assertThat(verified.status()).isEqualTo(200);
        JsonNode counts = after.path("verification");
        assertThat(counts.path("passed").asLong())
                .isGreaterThan(before.path("verification").path("passed").asLong());
        assertThat(counts.path("failed").asLong()).isZero();
        assertThat(counts.path("last").path("verdict").asString()).isEqualTo("PASS");
        assertThat(counts.path("last").path("errorRatio").asDouble()).isBetween(0.0, 1.0);
        assertThat(counts.path("last").path("worstLayer").asString()).isNotEmpty();
        JsonNode activity = after.path("activity");
        assertThat(activity.path("requests").asLong())
                .isGreaterThanOrEqualTo(before.path("activity").path("requests").asLong() + 1);
        assertThat(activity.path("requestMillis").asDouble())
                .isGreaterThan(before.path("activity").path("requestMillis").asDouble());
        assertThat(activity.path("queueDepth").asInt()).isNotNegative();
    }

    @Test
    void healthAndInfoTellTheState() {
        assertThat(client.get("actuator/health/liveness").status()).isEqualTo(200);
        assertThat(client.get("actuator/health/readiness").text())
                .contains("nuclei-unet-gn/1")
                .contains("READY");
        assertThat(client.get("actuator/info")
                        .json()
                        .path("engine")
                        .path("device")
                        .asString())
                .isNotEmpty();
        assertThat(client.meter("gnserve_model_state", "state=\"ready\"", "nuclei-unet-gn"))
                .isEqualTo(1);
        assertThat(client.meter("gnserve_model_load_seconds")).isPositive();
        assertThat(client.meter("gnserve_model_plan", "model=\"nuclei-unet-gn\"", "plan=\"channels-last\""))
                .isEqualTo(1);
        assertThat(client.meter("gnserve_model_plan", "model=\"nuclei-unet-gn\""))
                .isEqualTo(1);
        assertThat(client.meter("gnserve_process_resident_bytes")).isGreaterThan(1e8);
    }

    private BufferedImage picture(byte[] sample, String render) throws IOException {
        Answer answer = client.send(client.parts(SEGMENT + "?render=" + render, Map.of("a.png", sample))
                .header("Accept", "image/png"));
        assertThat(answer.contentType()).isEqualTo("image/png");
        return ImageIO.read(new ByteArrayInputStream(answer.response().body()));
    }

    private static void assertProblem(Answer answer, int status, String code, String detail) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        JsonNode problem = answer.json();
        assertThat(problem.path("code").asString()).isEqualTo(code);
        assertThat(problem.path("status").asInt()).isEqualTo(status);
        assertThat(problem.path("type").asString()).startsWith("https://gnserve.dev/problems/");
        assertThat(problem.path("title").asString()).isNotBlank();
        assertThat(problem.path("detail").asString()).contains(detail);
        assertThat(problem.path("requestId").asString())
                .isEqualTo(
                        answer.response().headers().firstValue("X-Request-Id").orElse("no header"));
    }

    private static JsonNode classMask(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json().path("images").path(0).path("classes").path(0).path("mask");
    }

    private static boolean[][] decoded(JsonNode mask) {
        assertThat(mask.path("encoding").asString()).isEqualTo("coco-rle");
        return CocoRleDecoder.decode(
                mask.path("counts").asString(),
                mask.path("size").path(0).asInt(),
                mask.path("size").path(1).asInt());
    }

    private static int count(boolean[][] mask) {
        int count = 0;
        for (boolean[] row : mask) {
            for (boolean pixel : row) {
                count += pixel ? 1 : 0;
            }
        }
        return count;
    }

    private static double dice(boolean[][] mask, int[][] truth) {
        int both = 0;
        int either = 0;
        for (int y = 0; y < truth.length; y++) {
            for (int x = 0; x < truth[0].length; x++) {
                both += mask[y][x] && truth[y][x] != 0 ? 2 : 0;
                either += (mask[y][x] ? 1 : 0) + (truth[y][x] != 0 ? 1 : 0);
            }
        }
        return (double) both / either;
    }

    /** The share of true nuclei that an object covers with an IoU above one half. */
    private static double matched(JsonNode objects, int[][] truth) {
        int nuclei = Arrays.stream(truth).flatMapToInt(Arrays::stream).max().orElseThrow();
        int[] areas = new int[nuclei + 1];
        Arrays.stream(truth).flatMapToInt(Arrays::stream).forEach(id -> areas[id]++);
        int matched = 0;
        for (JsonNode object : objects) {
            boolean[][] mask = decoded(object.path("mask"));
            int[] shared = new int[nuclei + 1];
            for (int y = 0; y < truth.length; y++) {
                for (int x = 0; x < truth[0].length; x++) {
                    if (mask[y][x]) {
                        shared[truth[y][x]]++;
                    }
                }
            }
            for (int id = 1; id <= nuclei; id++) {
                if (2 * shared[id] > areas[id] + object.path("area").asInt() - shared[id]) {
                    matched++;
                }
            }
        }
        return (double) matched / nuclei;
    }

    /** The beginning of a PNG that declares a size and has no pixels. */
    private static byte[] png(int width, int height) {
        ByteBuffer header = ByteBuffer.allocate(17)
                .put("IHDR".getBytes(StandardCharsets.US_ASCII))
                .putInt(width)
                .putInt(height)
                .put(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(header.array());
        return ByteBuffer.allocate(33)
                .put(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'})
                .putInt(13)
                .put(header.array())
                .putInt((int) crc.getValue())
                .array();
    }
}
