package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.model.ModelRepository;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** What a client asked for that goes away before its turn. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.models=patient,slow")
class DisconnectIT {

    private static final String TENSOR = """
            {"inputs": [{"name": "input", "datatype": "FP32", "shape": [1, 3, 16, 16], "data": [%s]}]}""".formatted("0,".repeat(767) + "0");

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        new ModelsFolder(models).put("patient", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 4, maxDelay: 10s}
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        new ModelsFolder(models)
                .put(
                        "slow",
                        "1",
                        Rewrites.slow(TorchScriptArchive.of(ModelsFolder.bytes("/models/coarse-scripted.pt")), 1_000),
                        "task: segmentation\nlabels: [green, blue]\nwarmUp: {shapes: [[3, 32, 32]], batchSizes: [1]}\n");
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    enum Leaving {
        CLOSES,
        RESETS
    }

    @ParameterizedTest
    @CsvSource({
        "v1/models/patient/segment, CLOSES",
        "v1/models/patient/segment, RESETS",
        "v2/models/patient/infer, CLOSES",
        "v2/models/patient/infer, RESETS"
    })
    void whatWaitsForAClientThatGoesAwayIsDroppedAndNeverRuns(String path, Leaving leaving) throws IOException {
        double batches = client.meter("gnserve_batch_size_count", "patient");
        double refused = client.meter("gnserve_requests_total", "patient", "INVALID_REQUEST");
        try (Socket socket = new Socket("localhost", port)) {
            ask(socket, path);
            awaitDepth(1);
            if (leaving == Leaving.RESETS) {
                socket.setSoLinger(true, 0);
            }
        }

        awaitDepth(0);
        while (client.meter("gnserve_requests_total", "patient", "INVALID_REQUEST") == refused) {
            Thread.onSpinWait();
        }
        assertThat(client.meter("gnserve_batch_size_count", "patient")).isEqualTo(batches);
    }

    /** Its work is dropped too, as it cannot be told from one that is gone; but it can still hear why. */
    @ParameterizedTest
    @CsvSource({"v1/models/patient/segment, INVALID_REQUEST", "v2/models/patient/infer, error"})
    void aClientThatOnlyStopsSendingIsToldWhyItHasNoResult(String path, String told) throws IOException {
        try (Socket socket = new Socket("localhost", port)) {
            ask(socket, path);
            socket.shutdownOutput();

            assertThat(read(socket.getInputStream()))
                    .startsWith("HTTP/1.1 400")
                    .contains(told, "The connection was closed before the response was ready");
        }
    }

    /** Each takes two seconds at least; with four of them at once, most wait. */
    @Test
    void verificationsWhoseClientsGoAwayAreGivenUp() throws IOException {
        for (int i = 0; i < 4; i++) {
            try (Socket socket = new Socket("localhost", port)) {
                ask(socket, "v1/models/slow/verify");
            }
        }

        while (client.meter("gnserve_requests_total", "slow", "INVALID_REQUEST") < 4) {
            Thread.onSpinWait();
        }
        assertThat(client.meter("gnserve_requests_total", "slow")).isEqualTo(4);
    }

    private void awaitDepth(int depth) {
        while (client.meter("gnserve_queue_depth", "patient") != depth) {
            Thread.onSpinWait();
        }
    }

    private static void ask(Socket socket, String path) throws IOException {
        byte[] body =
                path.startsWith("v1") ? Samples.png("fluorescence-256") : TENSOR.getBytes(StandardCharsets.US_ASCII);
        socket.getOutputStream()
                .write("POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
                        .formatted(path, body.length)
                        .getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().write(body);
    }

    private static String read(InputStream answer) throws IOException {
        return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
    }
}
