package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Jobs outlive the process, which is killed while one of them runs. */
class JobsJarIT {

    private static final String SEGMENT = "v1/models/slow/segment?masks=png&threshold=0.4";

    @TempDir
    private Path work;

    @Test
    void whatRanAndWhatWaitedAtKillMinusNineIsDoneByTheNextProcess() throws IOException {
        JarWithModels.models(work)
                .put(
                        "slow",
                        "1",
                        Rewrites.slow(TorchScriptArchive.of(ModelsFolder.bytes("/models/coarse-scripted.pt")), 1_000),
                        "task: segmentation\nlabels: [green, blue]\nwarmUp: {shapes: [[3, 32, 32]], batchSizes: [1]}\n");
        String running;
        String waiting;
        try (JarWithModels jar = start()) {
            running = submit(jar);
            waiting = submit(jar);
            jar.await("the first job to run", () -> state(jar, running).equals("RUNNING"));
            assertThat(state(jar, waiting)).isEqualTo("QUEUED");
        } // SIGKILL

        try (JarWithModels jar = start()) {
            for (String job : new String[] {running, waiting}) {
                jar.await("the job", () -> state(jar, job).equals("SUCCEEDED"));
                Answer later = jar.client().get("v1/jobs/" + job + "/result");
                Answer atOnce = jar.client().send(image(jar));

                assertThat(later.status()).isEqualTo(200);
                assertThat(results(later)).isEqualTo(results(atOnce));
            }
            assertThat(jar.client().get("v1/jobs").json().path("jobs").findValuesAsString("id"))
                    .as("each once, the newest first")
                    .containsExactly(waiting, running);
        }
    }

    private JarWithModels start() throws IOException {
        return JarWithModels.start(work, "--gnserve.jobs.dir=" + work.resolve("jobs"))
                .awaitReady();
    }

    private static HttpRequest.Builder image(JarWithModels jar) {
        return jar.client()
                .request(SEGMENT)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")));
    }

    private static String submit(JarWithModels jar) {
        Answer accepted = jar.client().send(image(jar).header("Prefer", "respond-async"));
        assertThat(accepted.status()).as(accepted.text()).isEqualTo(202);
        return accepted.json().path("id").asString();
    }

    private static String state(JarWithModels jar, String job) {
        return jar.client().get("v1/jobs/" + job).json().path("state").asString();
    }

    /** Without what differs from run to run. */
    private static String results(Answer answer) {
        JsonNode images = answer.json().path("images");
        assertThat(images).isNotEmpty();
        return images.toString().replaceAll("\"timing\":\\{[^}]*}", "");
    }
}
