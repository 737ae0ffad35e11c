package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** A service that is stopped while it has more work than it can do, in a separate process. */
class ShutdownIT {

    private static final int CLIENTS = 8;
    private static final System.Logger LOG = System.getLogger(ShutdownIT.class.getName());

    /**
     * What a client saw of one request.
     *
     * @param pixels that were found, or -1
     */
    private record Seen(int status, int pixels, String text) {}

    @Test
    void underLoadNoAnswerIsLostOrBrokenWhenTheServiceIsStopped() throws Exception {
        StartedJar service = StartedJar.of(new ProcessBuilder(
                Jar.command("--server.port=0", "--gnserve.models=nuclei-unet-gn", "--gnserve.shutdown-pause=5s")));
        Process process = service.process();
        List<Seen> answers = Collections.synchronizedList(new ArrayList<>());
        List<String> lost = Collections.synchronizedList(new ArrayList<>());
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        try {
            URI base = service.base();
            HttpRequest request = HttpRequest.newBuilder(base.resolve("v1/models/nuclei-unet-gn/segment?masks=none"))
                    .header("Content-Type", "image/png")
                    .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")))
                    .build();
            int expected = seen(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()))
                    .pixels();
            assertThat(expected).isPositive();
            CountDownLatch underWay = new CountDownLatch(4 * CLIENTS);
            for (int i = 0; i < CLIENTS; i++) {
                clients.execute(() -> ask(request, answers, lost, underWay));
            }
            underWay.await();

            long signalled = System.nanoTime();
            process.destroy(); // SIGTERM
            int status = awaitNotReady(base);

            assertThat(process.waitFor(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            clients.shutdown();
            assertThat(clients.awaitTermination(JarWithModels.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(status).as("readiness during the pause").isEqualTo(503);
            assertThat(lost).as("requests that were taken and not answered").isEmpty();
            assertThat(answers).allSatisfy(answer -> {
                if (answer.status() == 200) {
                    assertThat(answer.pixels()).isEqualTo(expected);
                } else {
                    assertThat(answer.status()).as(answer.text()).isEqualTo(503);
                    // Not one of those who were accepted.
                    assertThat(answer.text()).contains("\"SHUTTING_DOWN\"", "accepts no new requests");
                }
            });
            assertThat(answers).filteredOn(answer -> answer.status() == 200).hasSizeGreaterThanOrEqualTo(4 * CLIENTS);
            assertThat(answers)
                    .as("told to ask elsewhere")
                    .filteredOn(answer -> answer.status() == 503)
                    .isNotEmpty();
            LOG.log(
                    Level.INFO,
                    "{0} right answers, {1} told to ask elsewhere, {2} lost; ended {3} ms after SIGTERM",
                    answers.stream().filter(answer -> answer.status() == 200).count(),
                    answers.stream().filter(answer -> answer.status() == 503).count(),
                    lost.size(),
                    Duration.ofNanos(System.nanoTime() - signalled).toMillis());
        } finally {
            clients.shutdownNow();
            process.destroyForcibly();
        }
    }

    /** One client, on a connection that it keeps as long as the service lets it, until it is told to ask elsewhere. */
    private static void ask(HttpRequest request, List<Seen> answers, List<String> lost, CountDownLatch underWay) {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
        while (!Thread.currentThread().isInterrupted()) {
            try {
                Seen seen = seen(client.send(request, BodyHandlers.ofString()));
                answers.add(seen);
                underWay.countDown();
                if (seen.status() == 503) {
                    return; // Told to ask elsewhere.
                }
            } catch (ConnectException e) {
                return; // Not taken: the client knows that it can ask elsewhere.
            } catch (IOException e) {
                lost.add(e.toString());
                return;
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private static Seen seen(HttpResponse<String> response) {
        int pixels = response.statusCode() != 200
                ? -1
                : new JsonMapper()
                        .readTree(response.body())
                        .path("images")
                        .path(0)
                        .path("classes")
                        .path(0)
                        .path("pixels")
                        .asInt(-1);
        return new Seen(response.statusCode(), pixels, response.body());
    }

    /** What readiness says once it has changed; the signal takes a moment to arrive. */
    private static int awaitNotReady(URI base) throws Exception {
        int status = 200;
        for (int attempt = 0; attempt < 2000 && status == 200; attempt++) {
            status = readiness(base);
        }
        return status;
    }

    private static int readiness(URI base) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(base.resolve("actuator/health/readiness"))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HttpClient.newHttpClient()
                .send(request, BodyHandlers.discarding())
                .statusCode();
    }
}
