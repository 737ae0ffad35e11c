package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The jar as a user starts it, on the JVM that runs the tests. */
class JarIT {

    private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

    private final Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    private final Path jar = Path.of(System.getProperty("gnserve.jar", "target/gnserve.jar"));

    @Test
    void servesTheEmbeddedModelAndStopsWhenAsked() throws Exception {
        List<String> command = new ArrayList<>(List.of(java.toString()));
        command.addAll(List.of("-jar", jar.toString(), "--server.port=0"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        // Not closed here: closing waits for the thread that drains it, which ends when the process does.
        BufferedReader log = process.inputReader();
        try {
            URI base = URI.create("http://localhost:" + port(log) + "/");
            Thread drain = new Thread(() -> log.lines().forEach(line -> {}));
            drain.setDaemon(true);
            drain.start();
            awaitReady(base);

            HttpRequest segment = HttpRequest.newBuilder(base.resolve("v1/models/nuclei-unet-gn/segment"))
                    .header("Content-Type", "image/png")
                    .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")))
                    .build();
            HttpResponse<String> answer = HttpClient.newHttpClient().send(segment, BodyHandlers.ofString());

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.body()).contains("\"coco-rle\"");
        } finally {
            process.destroy(); // SIGTERM
            assertThat(process.waitFor(40, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(process.exitValue()).isEqualTo(128 + 15);
    }

    @Test
    void misuseExitsWithTwo() throws Exception {
        Process process = new ProcessBuilder(java.toString(), "-jar", jar.toString(), "no-such-command")
                .redirectErrorStream(true)
                .start();

        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("no-such-command");
        assertThat(process.waitFor()).isEqualTo(2);
    }

    @Test
    void commandsPrintNothingButTheirAnswerToStandardOutput() throws Exception {
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-jar",
                        jar.toString(),
                        "inspect",
                        "src/main/resources/models/nuclei-unet-gn/1/model.pt",
                        "--json")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();

        JsonNode answer = new JsonMapper().readTree(process.getInputStream().readAllBytes());

        assertThat(process.waitFor()).isZero();
        assertThat(answer.isObject()).isTrue();
    }

    private static int port(BufferedReader log) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = log.readLine(); line != null; line = log.readLine()) {
            seen.append(line).append('\n');
            Matcher matcher = STARTED.matcher(line);
            if (matcher.find()) {
                return Integer.parseInt(matcher.group(1));
            }
        }
        throw new AssertionError("the process ended:\n" + seen);
    }

    /** Asks until the model is warm; bounded by the number of questions, not by a clock. */
    private static void awaitReady(URI base) throws Exception {
        HttpRequest readiness = HttpRequest.newBuilder(base.resolve("actuator/health/readiness"))
                .timeout(Duration.ofSeconds(10))
                .build();
        for (int attempt = 0; attempt < 600; attempt++) {
            if (HttpClient.newHttpClient()
                            .send(readiness, BodyHandlers.discarding())
                            .statusCode()
                    == 200) {
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("never ready");
    }
}
