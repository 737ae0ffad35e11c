package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gnserve.GnserveApplication;
import dev.gnserve.ModelsFolder;
import dev.gnserve.Samples;
import dev.gnserve.ServiceClient;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.ScriptMethod;
import dev.gnserve.archive.ScriptModule;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.model.ModelRepository;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * Each alert fires on a real Prometheus when its cause is produced, for the model that causes it and never for one without a fault. What takes hours
 * or a minute is shortened; that the times themselves are right is promtool's to say.
 */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.models=sound,late,slow,broken,unfaithful,mixing,misread")
class AlertsIT {

    private static final int FORWARD_MILLIS = 1_000;

    @TempDir
    private static Path folder;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository models;

    private static RealPrometheus prometheus;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        String manifest = "task: segmentation\nlabels: [green, blue]\nwarmUp: {shapes: [[3, 64, 64]]}\n";
        TorchScriptArchive coarse = archive("/models/coarse-scripted.pt");
        ModelsFolder models = new ModelsFolder(folder.resolve("models"));
        models.put("sound", "1", coarse.toByteArray(), manifest);
        models.put("late", "1", coarse.toByteArray(), manifest);
        models.put("broken", "1", "not an archive".getBytes(StandardCharsets.US_ASCII), manifest);
        models.put(
                "unfaithful",
                "1",
                Rewrites.code(
                                coarse,
                                "code/__torch__/torch/nn/functional.py",
                                "weight, bias, eps)",
                                "weight, bias, 0.1)")
                        .toByteArray(),
                manifest + "verification: {onLoad: warn}\n");
        models.put("mixing", "1", mixing(), manifest);
        // Its outputs are between -1 and 1 on the noise of the warm-up, and sum to 1 on a gray image.
        models.put(
                "misread",
                "1",
                archive("/regression/normals-scripted.pt").toByteArray(),
                "task: segmentation\nlabels: [a, b]\noutput: {name: normals}\ninput: {sizeMultiple: 1}\n");
        models.put(
                "slow",
                "1",
                Rewrites.slow(archive("/models/vector-scripted.pt"), FORWARD_MILLIS),
                "task: tensors\nbatching: {maxSize: 1, queueCapacity: 1}\nwarmUp: {shapes: [[4]]}\n");
        properties.add("gnserve.models-dir", models::path);
    }

    /** Prometheus is there from the first test to the last. */
    @BeforeEach
    void start() throws Exception {
        client = new ServiceClient(port);
        if (prometheus != null) {
            return;
        }
        Optional<Path> program = RealPrometheus.program("prometheus");
        assumeTrue(program.isPresent(), "no prometheus on this machine");
        models.loaded().join();
        prometheus = RealPrometheus.start(
                program.get(),
                folder,
                port,
                rules -> rules.replace("[30m]", "[5s]")
                        .replace("offset 3h", "offset 10s")
                        .replace("offset 4h", "offset 10s")
                        .replace("load_seconds) > 60", "load_seconds) > 0.9"));
        prometheus.await("up == 1", () -> {});
    }

    @AfterAll
    static void stop() throws Exception {
        if (prometheus != null) {
            prometheus.close();
        }
    }

    @Test
    void aModelThatDoesNotLoad() throws Exception {
        assertFiresFor("GnserveNoReadyReplica", "broken", () -> {});
    }

    @Test
    void aModelThatLoadsSlowly() throws Exception {
        assertFiresFor("GnserveSlowLoad", "slow", () -> {});
    }

    @Test
    void moreRequestsThanAQueueTakes() throws Exception {
        assertFiresFor("GnserveOverload", "slow", this::crowd);
    }

    @Test
    void requestsThatWait() throws Exception {
        assertFiresFor("GnserveQueueWait", "slow", this::crowd);
    }

    @Test
    void requestsThatAreTooLate() throws Exception {
        assertFiresFor(
                "GnserveErrorRatio",
                "late",
                () -> client.send(client.request("v1/models/late/segment")
                        .header("X-Timeout-Millis", "1")
                        .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")))));
    }

    /** Found while it loads, which is before the first scrape. */
    @Test
    void groupNormalizationThatIsNotWhatTheModelDeclares() throws Exception {
        verify("sound");
        assertFiresFor("GnserveVerificationFailure", "unfaithful", () -> {});
    }

    @Test
    void aModelThatMixesTheImagesOfABatch() throws Exception {
        verify("sound");
        assertFiresFor("GnserveBatchDependence", "mixing", () -> verify("mixing"));
    }

    @Test
    void outputsThatDoNotFitTheManifest() throws Exception {
        byte[] gray = gray();
        assertFiresFor(
                "GnserveOutputMismatch",
                "misread",
                () -> assertThat(client.post("v1/models/misread/segment", gray).status())
                        .isEqualTo(200));
    }

    private static byte[] gray() throws IOException {
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        image.setRGB(
                0, 0, 64, 48, IntStream.generate(() -> 0xAAAAAA).limit(64 * 48).toArray(), 0, 64);
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return png.toByteArray();
    }

    @Test
    void memoryThatGrows() throws Exception {
        prometheus.await("gnserve_process_resident_bytes offset 10s", () -> {});
        long half = prometheus.query("gnserve_process_resident_bytes").get(0).longValue() / 2;
        List<ByteBuffer> held = Stream.generate(() -> touched(64 << 20))
                .limit(1 + half / (64 << 20))
                .toList();

        prometheus.await("ALERTS{alertname=\"GnserveMemoryGrowth\",alertstate=\"firing\"}", () -> {});

        assertThat(held).allMatch(ByteBuffer::isDirect);
    }

    private void assertFiresFor(String alert, String model, Runnable cause) throws InterruptedException {
        cause.run();
        prometheus.await("ALERTS{alertname=\"%s\",alertstate=\"firing\",model=\"%s\"}".formatted(alert, model), cause);

        assertThat(prometheus.query("ALERTS{model=\"sound\"}"))
                .as("of the model that has no fault")
                .isEmpty();
    }

    /** One runs, one waits, and there is no room for the rest. */
    private void crowd() {
        Stream.generate(() -> CompletableFuture.supplyAsync(
                        () -> client.send(client.request("v2/models/slow/infer").POST(BodyPublishers.ofString("""
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 4], "data": [0, 0, 0, 0]}]}""")))))
                .limit(4)
                .toList()
                .forEach(CompletableFuture::join);
    }

    private void verify(String model) {
        assertThat(client.post("v1/models/" + model + "/verify?batch=4", Samples.png("fluorescence-256"))
                        .status())
                .isEqualTo(200);
    }

    private static byte[] mixing() {
        return Rewrites.written(ScriptModule.ofClass("Mixing")
                        .method(ScriptMethod.forward("return torch.sub(x, torch.mean(x, [0], True))"))
                        .build())
                .toByteArray();
    }

    private static TorchScriptArchive archive(String resource) {
        return TorchScriptArchive.of(ModelsFolder.bytes(resource));
    }

    private static ByteBuffer touched(int bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes);
        while (buffer.hasRemaining()) {
            buffer.put((byte) 1);
        }
        return buffer;
    }
}
