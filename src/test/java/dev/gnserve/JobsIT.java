package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Requests that are answered later: their answers are those that are given at once. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.access.api-keys=" + JobsIT.KEY + "," + JobsIT.OTHER,
            "server.servlet.context-path=/vision",
            "gnserve.jobs.max=1000"
        })
class JobsIT {

    static final String KEY = "a-key-of-the-test-0123456789";
    static final String OTHER = "another-key-0123456789";
    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment";

    @TempDir
    private static Path folder;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void folders(DynamicPropertyRegistry properties) throws IOException {
        Path models = folder.resolve("models");
        new ModelsFolder(models).put("volumes", "/volumes/network.pt", """
                task: segmentation
                labels: [dim, bright]
                input:
                  volume:
                    window: [8, 8, 8]
                    overlap: [0.25]
                    steps: [{kind: zero-mean, epsilon: 1.0e-6}]
                """);
        properties.add("gnserve.models-dir", () -> models);
        properties.add("gnserve.jobs.dir", () -> folder.resolve("jobs").toString());
    }

    @BeforeEach
    void connect() {
        repository.loaded().join();
        client = new ServiceClient(port, "vision/");
    }

    private HttpRequest.Builder image(String path) {
        return client.request(path)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")));
    }

    private Answer send(HttpRequest.Builder request) {
        return client.send(request.setHeader("X-API-Key", KEY).setHeader("X-Request-Id", "of-the-test"));
    }

    private Answer get(String path) {
        return send(client.request(path));
    }

    private String submit(HttpRequest.Builder request) {
        Answer accepted = send(request.copy().header("Prefer", "wait=1, Respond-Async; x=1"));
        assertThat(accepted.status()).as(accepted.text()).isEqualTo(202);
        assertThat(accepted.response().headers().firstValue("Preference-Applied"))
                .hasValue("respond-async");
        String id = accepted.json().path("id").asString();
        assertThat(accepted.response().headers().firstValue("Location")).hasValue("/vision/v1/jobs/" + id);
        assertThat(accepted.json().path("state").asString()).isEqualTo("QUEUED");
        return "v1/jobs/" + id;
    }

    private JsonNode finished(String job) throws Exception {
        JsonNode description = get(job).json();
        for (int i = 0; i < 1200 && description.path("finished").isMissingNode(); i++) {
            TimeUnit.MILLISECONDS.sleep(100);
            description = get(job).json();
        }
        return description;
    }

    /** Sends a request at once and as a job, and compares the answers. Returns the description of the job. */
    private JsonNode compare(HttpRequest.Builder request) throws Exception {
        Answer atOnce = send(request.copy());
        String job = submit(request);
        JsonNode description = finished(job);
        Answer later = get(job + "/result");

        assertThat(later.status()).isEqualTo(atOnce.status());
        assertThat(later.contentType()).isEqualTo(atOnce.contentType());
        if (atOnce.contentType().contains("json")) {
            assertThat(withoutTiming(later)).isEqualTo(withoutTiming(atOnce));
        } else {
            assertThat(later.response().body()).isEqualTo(atOnce.response().body());
        }
        return description;
    }

    private static String withoutTiming(Answer answer) {
        return answer.text().replaceAll("\"timing\":\\{[^}]*\\}", "");
    }

    @Test
    void severalImagesInJson() throws Exception {
        Map<String, byte[]> images = new LinkedHashMap<>();
        images.put("whole.png", Samples.png("fluorescence-256"));
        images.put("cut.png", Arrays.copyOf(Samples.png("fluorescence-256"), 1000));

        JsonNode job = compare(client.parts(SEGMENT + "?masks=png&threshold=0.4", images));

        assertThat(job.path("state").asString()).isEqualTo("SUCCEEDED");
        assertThat(job.path("model").asString()).isEqualTo("nuclei-unet-gn");
        assertThat(job.path("operation").asString()).isEqualTo("segment");
        assertThat(job.path("progress").path("done").asInt()).isOne();
        assertThat(job.path("problem").isMissingNode()).isTrue();
    }

    @Test
    void aPicture() throws Exception {
        compare(image(SEGMENT + "?render=labels&version=1").header("Accept", "image/png"));
    }

    @Test
    void aVolumeInAFileWithItsWindowsAsProgress() throws Exception {
        JsonNode job = compare(client.request("v1/models/volumes/segment?format=nifti")
                .header("Content-Type", "application/octet-stream")
                .POST(BodyPublishers.ofByteArray(ModelsFolder.bytes("/volumes/turned.nii.gz"))));

        int windows = job.path("progress").path("total").asInt();
        assertThat(windows).isGreaterThan(1);
        assertThat(job.path("progress").path("done").asInt()).isEqualTo(windows);
    }

    @Test
    void aFailureIsTheProblemThatItWouldHaveBeen() throws Exception {
        JsonNode parameter = compare(image(SEGMENT + "?threshold=7"));
        JsonNode task = compare(image("v1/models/nuclei-unet-gn/detect"));
        JsonNode body = compare(client.request(SEGMENT)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofString("no picture")));
        JsonNode parts = compare(client.request(SEGMENT)
                .header("Content-Type", "multipart/form-data; boundary=none")
                .POST(BodyPublishers.ofString("no parts")));
        JsonNode query = compare(image(SEGMENT + "?version=%2531&masks=%C3"));

        assertThat(parameter.path("state").asString()).isEqualTo("FAILED");
        assertThat(parameter.path("problem").path("code").asString()).isEqualTo("INVALID_REQUEST");
        assertThat(task.path("problem").path("code").asString()).isEqualTo("WRONG_TASK");
        assertThat(body.path("problem").path("code").asString()).isEqualTo("UNSUPPORTED_MEDIA");
        assertThat(parts.path("state").asString()).isEqualTo("FAILED");
        assertThat(query.path("state").asString()).isEqualTo("FAILED");
    }

    @Test
    void whatIsNotAdmittedIsNoJob() {
        Answer unknown = send(image("v1/models/missing/segment").header("Prefer", "respond-async"));
        Answer noKey = client.send(image(SEGMENT).header("Prefer", "respond-async"));
        Answer otherPreference = send(image(SEGMENT).header("Prefer", "return=minimal"));

        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.json().path("code").asString()).isEqualTo("MODEL_NOT_FOUND");
        assertThat(noKey.status()).isEqualTo(401);
        assertThat(otherPreference.status()).isEqualTo(200);
    }

    @Test
    void aJobBelongsToItsKeyWhichIsNotOnDisk() throws Exception {
        String job = submit(image(SEGMENT));
        Answer foreign = client.send(client.request(job).header("X-API-Key", OTHER));
        Answer list = client.send(client.request("v1/jobs").header("X-API-Key", OTHER));
        Answer noKey = client.get(job + "/result");
        finished(job);

        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.json().path("code").asString()).isEqualTo("JOB_NOT_FOUND");
        assertThat(list.json().path("jobs")).isEmpty();
        assertThat(noKey.status()).isEqualTo(401);
        assertThat(get("v1/jobs").json().path("jobs").findValuesAsString("id"))
                .contains(job.substring(job.lastIndexOf('/') + 1));
        try (Stream<Path> files = Files.walk(folder.resolve("jobs"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(KEY);
            }
        }
    }

    @Test
    void aFinishedJobIsCountedAndDeleted() throws Exception {
        double before = client.meter("gnserve_jobs_finished_total", "succeeded");
        String job = submit(image(SEGMENT));
        finished(job);

        // A job is finished for its clients shortly before it is counted.
        for (int i = 0; i < 3000 && client.meter("gnserve_jobs_finished_total", "succeeded") == before; i++) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        assertThat(client.meter("gnserve_jobs_finished_total", "succeeded")).isGreaterThan(before);
        assertThat(send(client.request(job).DELETE()).status()).isEqualTo(204);
        assertThat(get(job).status()).isEqualTo(404);
        assertThat(get(job + "/result").json().path("code").asString()).isEqualTo("JOB_NOT_FOUND");
        assertThat(send(client.request(job).DELETE()).status()).isEqualTo(404);
    }
}
