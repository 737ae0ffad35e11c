package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.gnserve.ServiceClient.Answer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/**
 * The jar in a separate process, which serves exactly the models of one folder. Its output is kept, and what a crash leaves
 * behind lies beside that folder. Known by nothing but its HTTP, its output and its signals.
 */
final class JarWithModels implements AutoCloseable {

    /** Longer than anything takes on a slow machine. */
    static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final String ADMIN_KEY = "the-admin-key-of-the-tests";
    private static final String OUTPUT = "output.log";
    private static final Pattern STARTED = Pattern.compile("Tomcat started on port (\\d+)");

    private final Path work;
    private final Process process;
    private final ServiceClient client;

    private JarWithModels(Path work, Process process) {
        this.work = work;
        this.process = process;
        try {
            this.client = new ServiceClient(port());
        } catch (RuntimeException | Error e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** The folder of models of a work folder. */
    static ModelsFolder models(Path work) {
        return new ModelsFolder(work.resolve("models"));
    }

    /** Starts the jar on {@link #models} of an empty work folder; models still load when this returns. */
    static JarWithModels start(Path work, String... options) throws IOException {
        return start(work, List.of(), options);
    }

    /** Starts the jar with options of the JVM, too. */
    static JarWithModels start(Path work, List<String> jvm, String... options) throws IOException {
        List<String> allJvm = new ArrayList<>(jvm);
        allJvm.addAll(List.of(Jar.QUICK_START, "-XX:-CreateCoredumpOnCrash"));
        Path models = models(work).path();
        List<String> arguments = new ArrayList<>(List.of(
                "--server.port=0",
                "--gnserve.models-dir=" + models,
                "--gnserve.models=" + String.join(",", models.toFile().list()),
                "--gnserve.repository.enabled=true",
                "--gnserve.access.admin-keys=" + ADMIN_KEY));
        arguments.addAll(List.of(options));
        return new JarWithModels(
                work,
                new ProcessBuilder(Jar.command(allJvm, arguments))
                        .directory(work.toFile())
                        .redirectErrorStream(true)
                        // A file, for a signal sent through Process closes its streams.
                        .redirectOutput(work.resolve(OUTPUT).toFile())
                        .start());
    }

    ServiceClient client() {
        return client;
    }

    Process process() {
        return process;
    }

    /** What the process wrote so far. */
    String output() {
        try {
            return Files.readString(work.resolve(OUTPUT));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a JVM leaves behind when it crashes. */
    List<String> crashReports() {
        return List.of(work.toFile().list((folder, name) -> name.startsWith("hs_err")));
    }

    JarWithModels awaitReady() {
        await("readiness", () -> client.get("readyz").status() == 200);
        return this;
    }

    /** The newest version of a model, as {@code GET /v1/models} lists it; missing when it is not listed. */
    JsonNode model(String name) {
        for (JsonNode model : client.get("v1/models").json().path("models")) {
            if (model.path("name").asString().equals(name)) {
                return model;
            }
        }
        return client.get("v1/models").json().path("no such model");
    }

    void awaitState(String model, String state) {
        await(
                model + " to be " + state,
                () -> model(model).path("state").asString("").equals(state));
    }

    /** Loads what lies in the folder of a model now. */
    Answer load(String model) {
        return client.send(client.request("v2/repository/models/" + model + "/load")
                .header("Authorization", "Bearer " + ADMIN_KEY)
                .POST(BodyPublishers.noBody()));
    }

    /** FP32 values as the input of a model of the task tensors. */
    Answer infer(String model, String shape, String data, String... headers) {
        var request = client.request("v2/models/" + model + "/infer")
                .POST(BodyPublishers.ofString("""
                {"inputs": [{"name": "input", "datatype": "FP32", "shape": [%s], "data": [%s]}]}""".formatted(shape, data)));
        return client.send(headers.length == 0 ? request : request.headers(headers));
    }

    /** The kernel's names of all threads; it keeps 15 characters of each. */
    List<String> threads() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path thread : entries("task")) {
            try {
                names.add(Files.readString(thread.resolve("comm")).strip());
            } catch (IOException e) {
                // It has ended.
            }
        }
        return names;
    }

    /** The files that are open, without the connections of clients. */
    List<String> openFiles() throws IOException {
        List<String> names = new ArrayList<>();
        for (Path descriptor : entries("fd")) {
            try {
                names.add(Files.readSymbolicLink(descriptor).toString());
            } catch (IOException e) {
                // It was closed.
            }
        }
        names.removeIf(name -> name.startsWith("socket:"));
        return names;
    }

    private List<Path> entries(String folder) throws IOException {
        try (var entries = Files.list(Path.of("/proc", String.valueOf(process.pid()), folder))) {
            return entries.toList();
        }
    }

    /** Waits for what must come. */
    void await(String what, BooleanSupplier condition) {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                fail("waited " + PATIENCE + " for " + what + "; the service wrote\n" + output());
            }
            pause(Duration.ofMillis(50));
        }
    }

    static void pause(Duration time) {
        try {
            Thread.sleep(time.toMillis());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Ends the process, which may hang. */
    @Override
    public void close() {
        process.destroyForcibly();
        assertThat(process.onExit()).succeedsWithin(PATIENCE);
    }

    private int port() {
        await("the port", () -> STARTED.matcher(output()).find() || !process.isAlive());
        Matcher started = STARTED.matcher(output());
        if (!started.find()) {
            fail("the process ended:\n" + output());
        }
        return Integer.parseInt(started.group(1));
    }
}
