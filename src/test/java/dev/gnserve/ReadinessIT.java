package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.archive.Rewrites;
import dev.gnserve.archive.TorchScriptArchive;
import dev.gnserve.model.ModelRepository;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** When a balancer may send requests: while a model serves, once all that were asked for at the start have had their turn. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.models=broken,fast,slow")
class ReadinessIT {

    private static final List<String> READINESS = List.of("readyz", "actuator/health/readiness", "v2/health/ready");

    @TempDir
    private static Path folder;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        String manifest = "task: segmentation\nlabels: [green, blue]\nwarmUp: {shapes: [[3, 32, 32]]}\n";
        ModelsFolder models = new ModelsFolder(folder);
        TorchScriptArchive coarse = TorchScriptArchive.of(ModelsFolder.bytes("/models/coarse-scripted.pt"));
        models.put("fast", "1", coarse.toByteArray(), manifest); // Is ready while the next is not.
        models.put("slow", "1", Rewrites.slow(coarse, 300), manifest);
        models.put("broken", "1", "not an archive".getBytes(StandardCharsets.US_ASCII), manifest);
        properties.add("gnserve.models-dir", () -> folder);
    }

    @Test
    void readinessFollowsTheModelsAndLivenessDoesNot() {
        ServiceClient client = new ServiceClient(port);
        while (!repository.settled().isDone()) {
            Map<String, Integer> readiness = readiness(client);
            if (!repository.settled().isDone()) { // Nor was it meanwhile.
                assertThat(readiness)
                        .as("while a model warms up")
                        .allSatisfy((path, status) -> assertThat(status).isEqualTo(503));
            }
            assertThat(client.get("livez").status()).isEqualTo(200);
        }
        assertThat(readiness(client))
                .as("two of three models serve")
                .allSatisfy((path, status) -> assertThat(status).isEqualTo(200));

        repository.unload("slow").join();
        repository.unload("fast").join();

        assertThat(readiness(client))
                .as("no model serves")
                .allSatisfy((path, status) -> assertThat(status).isEqualTo(503));
        assertThat(client.get("actuator/health/readiness").text())
                .contains("\"slow/1\":\"UNLOADED\"", "FAILED", "not a TorchScript archive");
        assertThat(client.get("livez").status()).isEqualTo(200);

        repository.load("slow").join();

        assertThat(readiness(client))
                .allSatisfy((path, status) -> assertThat(status).isEqualTo(200));
    }

    private static Map<String, Integer> readiness(ServiceClient client) {
        return READINESS.stream()
                .collect(Collectors.toMap(path -> path, path -> client.get(path).status()));
    }
}
