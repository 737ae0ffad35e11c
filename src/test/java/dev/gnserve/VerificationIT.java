package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** The embedded model proves itself over HTTP. */
@RunningService
class VerificationIT {

    private static final String MODEL = "v1/models/nuclei-unet-gn";

    @LocalServerPort
    int port;

    @Autowired
    ModelRepository models;

    ServiceClient client;

    @BeforeAll
    void awaitModels() {
        client = new ServiceClient(port);
        models.loaded().join();
    }

    @Test
    void everyLayerIsListedAndEveryOneIsProvenOnARealImage() {
        JsonNode listed = client.get(MODEL + "/layers").json();
        Set<String> layers = new HashSet<>();
        for (JsonNode layer : listed.path("layers")) {
            assertThat(layer.path("kind").asString()).isEqualTo("group-norm");
            assertThat(layer.path("groups").asInt()).isPositive();
            assertThat(layer.path("epsilon").asDouble()).isPositive();
            assertThat(layer.path("verifiable").asBoolean()).isTrue();
            layers.add(layer.path("name").asString());
        }
        assertThat(layers).hasSizeGreaterThan(5);

        Answer answer = client.post(MODEL + "/verify?batch=4", Samples.png("fluorescence-256"));

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        JsonNode report = answer.json();
        assertThat(report.path("verdict").asString()).as(answer.text()).isEqualTo("PASS");
        assertThat(report.path("model").asString()).isEqualTo("nuclei-unet-gn");
        assertThat(report.path("requestId").asString()).isNotEmpty();
        assertThat(report.path("operator").path("kernel").asString()).isNotEmpty();
        Set<String> checked = new HashSet<>();
        for (JsonNode call : report.path("calls")) {
            assertThat(call.path("verdict").asString()).isEqualTo("PASS");
            assertThat(call.path("maxAbsoluteError").asDouble())
                    .isLessThanOrEqualTo(call.path("tolerance").asDouble());
            assertThat(call.path("shape").size()).isEqualTo(4);
            assertThat(call.path("worstIndex").size()).isEqualTo(4);
            checked.add(call.path("layer").asString());
        }
        assertThat(checked).isEqualTo(layers);
        assertThat(report.path("batchInvariance").path("batch").asInt()).isEqualTo(4);
        assertThat(report.path("batchInvariance").path("verdict").asString()).isEqualTo("PASS");
        assertThat(report.path("batchInvariance").path("resultChanged").asBoolean())
                .isFalse();
        assertThat(report.path("unverified").isEmpty()).isTrue();

        assertThat(client.get("actuator/prometheus").text())
                .contains("gnserve_verification_total{model=\"nuclei-unet-gn\",verdict=\"PASS\",version=\"1\"}")
                .contains("gnserve_verification_error_ratio{layer=\"")
                .contains("gnserve_batch_invariance_difference{model=\"nuclei-unet-gn\",version=\"1\"}");
    }

    /** Nobody has asked: its manifest wants it before the model is ready. */
    @Test
    void theEmbeddedModelIsVerifiedAtLoadAndEverySeriesExists() {
        String model = "model=\"nuclei-unet-gn\"";

        assertThat(client.meter("gnserve_verification_total", model, "verdict=\"PASS\""))
                .isGreaterThanOrEqualTo(1);
        assertThat(client.meter("gnserve_verification_total", model, "verdict=\"FAIL\""))
                .isZero();
        assertThat(client.get("actuator/prometheus").text())
                .contains(
                        "gnserve_verification_dropped_total{cause=\"busy\",model=\"nuclei-unet-gn\",version=\"1\"} 0.0")
                .contains(
                        "gnserve_verification_total{model=\"nuclei-unet-gn\",verdict=\"NOT_APPLICABLE\",version=\"1\"}");
    }

    /** The tapped run and one batch of two: three images, where the layers cost less than another. */
    @Test
    void theDefaultIsABatchOfTwo() {
        Answer answer = client.post(MODEL + "/verify", Samples.png("fluorescence-256"));

        assertThat(answer.json().path("batchInvariance").path("batch").asInt()).isEqualTo(2);
    }

    @Test
    void whatCannotBeVerifiedIsRefusedWithTheReason() {
        byte[] sample = Samples.png("fluorescence-256");

        assertThat(client.post(MODEL + "/verify?batch=1000", sample).status()).isEqualTo(400);
        assertThat(client.post("v1/models/nobody/verify", sample).status()).isEqualTo(404);
        assertThat(client.get("v1/models/nobody/layers").status()).isEqualTo(404);
        Answer two = client.postParts(MODEL + "/verify", Map.of("a.png", sample, "b.png", sample));
        assertThat(two.status()).isEqualTo(400);
        assertThat(two.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
    }
}
