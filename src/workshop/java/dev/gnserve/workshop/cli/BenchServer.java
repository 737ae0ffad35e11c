package dev.gnserve.workshop.cli;

import dev.gnserve.workshop.stress.Meters;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real server in a separate process, on a free port; stopped when closed. */
final class BenchServer implements AutoCloseable {

    private static final Pattern PEAK = Pattern.compile("VmHWM:\\s+(\\d+) kB");
    private static final int LINES_KEPT = 100;
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private final Process process;
    private final int port;
    private final Deque<String> lastLines = new ArrayDeque<>(); // guarded by itself

    private BenchServer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Starts it with further options and waits until it is ready. */
    static BenchServer start(String... options) throws IOException, InterruptedException {
        return start(List.of(), List.of(), options);
    }

    /** Starts it with at most this heap, as {@code 1536m}, and further options. */
    static BenchServer startWithHeap(String heap, String... options) throws IOException, InterruptedException {
        return start(List.of(), List.of("-Xmx" + heap), options);
    }

    /** Starts it on this core alone, where there is {@code taskset}, with at most this heap. */
    static BenchServer startOnCore(int core, String heap) throws IOException, InterruptedException {
        return start(CorePinning.launcher(core), List.of("-Xmx" + heap));
    }

    /** Starts it by a launcher, as {@code taskset -c 0}, with options of the JVM and of its own. */
    static BenchServer startWith(List<String> launcher, List<String> jvmOptions, List<String> options)
            throws IOException, InterruptedException {
        return start(launcher, jvmOptions, options.toArray(String[]::new));
    }

    private static BenchServer start(List<String> launcher, List<String> jvmOptions, String... options)
            throws IOException, InterruptedException {
        int port = freePort();
        List<String> arguments = new ArrayList<>(List.of("--server.port=" + port, "--logging.level.root=warn"));
        arguments.addAll(List.of(options));
        Process process = ChildJvm.server(launcher, jvmOptions, arguments);
        BenchServer server = new BenchServer(process, port);
        Thread drain = new Thread(server::drain, "server-output"); // A full pipe would stop it.
        drain.setDaemon(true);
        drain.start();
        try {
            server.awaitReady();
            return server;
        } catch (InterruptedException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What it wrote last. */
    List<String> lastLines() {
        synchronized (lastLines) {
            return List.copyOf(lastLines);
        }
    }

    int port() {
        return port;
    }

    URI uri() {
        return URI.create("http://localhost:" + port);
    }

    /** The processor time that it has used, of all its threads. */
    Duration cpu() {
        return process.info().totalCpuDuration().orElseThrow();
    }

    /** The most memory that it has had resident, in MB; NaN where that cannot be read, which is everywhere but on Linux. */
    double peakMegabytes() {
        try {
            Matcher matcher = PEAK.matcher(Files.readString(Path.of("/proc/" + process.pid() + "/status")));
            return matcher.find() ? Long.parseLong(matcher.group(1)) / 1024.0 : Double.NaN;
        } catch (IOException e) {
            return Double.NaN;
        }
    }

    /** From here on, {@link #peakMegabytes} counts anew (proc(5), clear_refs). */
    void forgetPeak() throws IOException {
        Files.writeString(Path.of("/proc/" + process.pid() + "/clear_refs"), "5");
    }

    /** The value of a meter, summed over its series. */
    double meter(String name) throws IOException, InterruptedException {
        return new Meters(uri()).sum(name);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(40, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void awaitReady() throws InterruptedException {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest ready = HttpRequest.newBuilder(
                        URI.create("http://localhost:" + port + "/actuator/health/readiness"))
                .build();
        long until = System.nanoTime() + START_LIMIT.toNanos();
        while (System.nanoTime() < until && process.isAlive()) {
            try {
                if (client.send(ready, BodyHandlers.discarding()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // Not listening yet.
            }
            Thread.sleep(200);
        }
        throw new IllegalStateException(
                process.isAlive()
                        ? "the server is not ready after " + START_LIMIT.toSeconds() + " s"
                        : "the server ended before it was ready");
    }

    private void drain() {
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                synchronized (lastLines) {
                    if (lastLines.size() == LINES_KEPT) {
                        lastLines.removeFirst();
                    }
                    lastLines.add(line);
                }
            }
        } catch (IOException e) {
            // The server is gone.
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
