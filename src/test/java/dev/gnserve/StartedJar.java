package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The service in a separate process, ready for requests. */
record StartedJar(Process process, URI base) implements AutoCloseable {

    private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

    /** The service that a command starts on a free port. */
    static StartedJar of(ProcessBuilder command) throws Exception {
        Process process = command.redirectErrorStream(true).start();
        // Not closed here: closing waits for the thread that drains it, which ends when the process does.
        BufferedReader log = process.inputReader();
        StartedJar started = new StartedJar(process, URI.create("http://localhost:" + port(log) + "/"));
        Thread drain = new Thread(() -> log.lines().forEach(line -> {}));
        drain.setDaemon(true);
        drain.start();
        started.awaitReady();
        return started;
    }

    /** Asks it to stop, as an operator does. */
    @Override
    public void close() {
        process.destroy(); // SIGTERM
        assertThat(process.onExit()).succeedsWithin(JarWithModels.PATIENCE);
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

    /** Asks until the models are warm; bounded by the number of questions, not by a clock. */
    private void awaitReady() throws Exception {
        HttpRequest readiness = HttpRequest.newBuilder(base.resolve("actuator/health/readiness"))
                .timeout(JarWithModels.PATIENCE)
                .build();
        HttpClient client = HttpClient.newHttpClient();
        for (int attempt = 0; attempt < 1200; attempt++) {
            if (client.send(readiness, BodyHandlers.discarding()).statusCode() == 200) {
                return;
            }
            Thread.sleep(100);
        }
        process.destroy();
        throw new AssertionError("never ready");
    }
}
