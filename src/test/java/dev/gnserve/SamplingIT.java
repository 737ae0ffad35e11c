package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.verification.LayerFailed;
import dev.gnserve.verification.Verdict;
import dev.gnserve.verification.VerificationCompleted;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/** A service whose every answer is verified afterwards. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.tune-time=5s")
@Import(SamplingIT.Verifications.class)
class SamplingIT {

    /** Before "nuclei-unet-gn", so that it is loaded first. */
    private static final String MODEL = "every-answer";

    private static final String PLANNED = "by-a-plan";

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @Autowired
    private Verifications verifications;

    @Autowired
    private ApplicationEventPublisher events;

    /** Hears what telemetry hears. */
    @TestConfiguration
    static class Verifications {

        private final BlockingQueue<VerificationCompleted> heard = new LinkedBlockingQueue<>();

        @EventListener
        void completed(VerificationCompleted verification) {
            if (verification.model().equals(MODEL)) {
                heard.add(verification);
            }
        }
    }

    @AfterAll
    static void forgetMeasurements() {
        Path caches = Path.of(System.getenv().getOrDefault("XDG_CACHE_HOME", ""));
        if (caches.startsWith(Path.of("target").toAbsolutePath())) { // Never those of the user.
            FileSystemUtils.deleteRecursively(caches.toFile());
        }
    }

    @DynamicPropertySource
    static void modelsFolder(DynamicPropertyRegistry properties) throws IOException {
        forgetMeasurements();
        put(MODEL, "verification: {onLoad: off, sampleRate: 1}");
        put(PLANNED, "execution: {plan: channels-last}");
        properties.add("gnserve.models-dir", models::toString);
    }

    private static void put(String name, String line) throws IOException {
        Path version = Files.createDirectories(models.resolve(name).resolve("1"));
        Files.writeString(version.resolveSibling("model.yaml"), """
                task: segmentation
                labels: [a, b]
                warmUp: {shapes: [[3, 32, 32]]}
                %s
                """.formatted(line));
        try (InputStream in = SamplingIT.class.getResourceAsStream("/engine/group-norm-traced.pt")) {
            Files.copy(in, version.resolve("model.pt"));
        }
    }

    @Test
    void anAnswerIsVerifiedAfterItWasSentAndCounted() throws InterruptedException {
        repository.loaded().join();
        ServiceClient client = new ServiceClient(port);

        Answer answer = client.post("v1/models/" + MODEL + "/segment", Samples.png("fluorescence-256"));
        VerificationCompleted verified = verifications.heard.poll(1, TimeUnit.MINUTES);

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(verified).isNotNull();
        assertThat(verified.report().verdict()).isEqualTo(Verdict.PASS);
        assertThat(verified.report().batchInvariance()).isNull();
        assertThat(client.meter("gnserve_verification_dropped_total", "model=\"" + MODEL + "\""))
                .isZero();
    }

    @Test
    void aModelThatFailsByItsPlanIsServedAsExported() {
        repository.loaded().join();
        ServiceClient client = new ServiceClient(port);
        JsonNode before = client.get("v1/models/" + PLANNED).json().path("execution");
        assertThat(before.path("plan").asString()).isEqualTo("channels-last");

        events.publishEvent(new LayerFailed(repository.find(PLANNED, null), "layer norm failed verification: error 1"));
        await().atMost(5, TimeUnit.MINUTES).until(() -> planOf(client).equals("as-exported"));

        assertThat(client.get("v1/models/" + PLANNED)
                        .json()
                        .path("execution")
                        .path("planReason")
                        .asString())
                .isEqualTo("not by the plan channels-last: layer norm failed verification: error 1");
        assertThat(client.post("v1/models/" + PLANNED + "/segment", Samples.png("fluorescence-256"))
                        .status())
                .isEqualTo(200);
    }

    @Test
    void aModelWithoutAPlanIsMeasuredWhenItLoads() {
        repository.loaded().join();
        JsonNode execution =
                new ServiceClient(port).get("v1/models/" + MODEL).json().path("execution");

        JsonNode tuning = execution.path("tuning");
        assertThat(tuning.path("plans").size()).as(execution.toString()).isEqualTo(2);
        assertThat(execution.path("plan")).isEqualTo(tuning.path("chosen"));
        assertThat(execution.path("planReason").asString())
                .isEqualTo("auto: " + tuning.path("reason").asString());
    }

    private static String planOf(ServiceClient client) {
        return client.get("v1/models/" + PLANNED)
                .json()
                .path("execution")
                .path("plan")
                .asString("");
    }
}
