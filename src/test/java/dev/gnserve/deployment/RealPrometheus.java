package dev.gnserve.deployment;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Prometheus of this machine, scraping a service every second with the rules that are shipped. */
final class RealPrometheus implements AutoCloseable {

    private final Process process;
    private final URI base;
    private final HttpClient http = HttpClient.newHttpClient();

    private RealPrometheus(Process process, int port) {
        this.process = process;
        this.base = URI.create("http://localhost:" + port + "/");
    }

    /** A program on the path. */
    static Optional<Path> program(String name) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /**
     * Starts it; alerts fire at once, since a test does not wait ten minutes.
     *
     * @param shortened what else a test does not wait for
     */
    static RealPrometheus start(Path program, Path folder, int service, UnaryOperator<String> shortened)
            throws IOException {
        String rules = Files.readString(Chart.FOLDER.resolve("files/rules.yaml"));
        Files.writeString(folder.resolve("rules.yaml"), shortened.apply(rules.replaceAll("\n +for: \\w+", "")));
        Files.writeString(folder.resolve("prometheus.yml"), """
                global: {scrape_interval: 1s, evaluation_interval: 1s}
                rule_files: [rules.yaml]
                scrape_configs:
                  - job_name: gnserve
                    metrics_path: /actuator/prometheus
                    static_configs: [{targets: ["localhost:%d"], labels: {namespace: vision, pod: gnserve-0}}]
                """.formatted(service));
        int port;
        try (ServerSocket socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        Process process = new ProcessBuilder(
                        program.toString(),
                        "--config.file=" + folder.resolve("prometheus.yml"),
                        "--storage.tsdb.path=" + folder.resolve("data"),
                        "--web.listen-address=localhost:" + port)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        return new RealPrometheus(process, port);
    }

    /** The values of an instant query; nothing while Prometheus starts. */
    List<Double> query(String expression) throws InterruptedException {
        List<Double> values = new ArrayList<>();
        for (JsonNode sample : result("api/v1/query?query=" + URLEncoder.encode(expression, StandardCharsets.UTF_8))
                .path("result")) {
            values.add(Double.valueOf(sample.path("value").path(1).asString()));
        }
        return values;
    }

    /** Asks until there is an answer; bounded by the number of questions, while the service goes on being used. */
    void await(String expression, Runnable use) throws InterruptedException {
        for (int attempt = 0; attempt < 240; attempt++) {
            if (!query(expression).isEmpty()) {
                return;
            }
            if (attempt % 4 == 3) {
                use.run();
            }
            Thread.sleep(250);
        }
        throw new AssertionError("Prometheus never saw " + expression);
    }

    /** Rules that were not evaluated, or evaluated with an error. */
    List<String> brokenRules() throws InterruptedException {
        List<String> broken = new ArrayList<>();
        for (JsonNode group : result("api/v1/rules").path("groups")) {
            for (JsonNode rule : group.path("rules")) {
                if (!rule.path("health").asString().equals("ok")) {
                    broken.add(rule.path("name").asString() + ": "
                            + rule.path("lastError").asString(""));
                }
            }
        }
        return broken;
    }

    private JsonNode result(String path) throws InterruptedException {
        try {
            HttpResponse<String> answer =
                    http.send(HttpRequest.newBuilder(base.resolve(path)).build(), BodyHandlers.ofString());
            if (answer.statusCode() == 503) {
                return new JsonMapper().createObjectNode(); // It listens, and does not answer yet.
            }
            JsonNode json = new JsonMapper().readTree(answer.body());
            if (json.path("status").asString().equals("error")) {
                throw new AssertionError(path + ": " + json.path("error").asString());
            }
            return json.path("data");
        } catch (IOException e) {
            if (!process.isAlive()) {
                throw new AssertionError("prometheus ended with " + process.exitValue(), e);
            }
            return new JsonMapper().createObjectNode();
        }
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit()
                .orTimeout(20, TimeUnit.SECONDS)
                .exceptionally(late -> process.destroyForcibly())
                .join();
    }
}
