package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.gnserve.model.ModelRepository;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One line for a request, and none for those that ask for no inference. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "gnserve.request-log=true")
class RequestLogIT {

    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment";

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository models;

    private final Queue<ILoggingEvent> events = new ConcurrentLinkedQueue<>();
    private final Logger log = (Logger) LoggerFactory.getLogger("dev.gnserve.requests");
    private final AppenderBase<ILoggingEvent> appender = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            event.prepareForDeferredProcessing();
            events.add(event);
        }
    };

    private ServiceClient client;

    @BeforeEach
    void awaitModels() {
        models.loaded().join();
        client = new ServiceClient(port);
        appender.start();
        log.addAppender(appender);
    }

    @AfterEach
    void stopListening() {
        log.detachAppender(appender);
    }

    @Test
    void everyRequestForInferenceIsOneLineWithItsFields() {
        post(SEGMENT, "a-1", Samples.png("fluorescence-256"));
        post(SEGMENT, "a-2", new byte[] {1});
        post("v1/models/nobody/segment", "a-3", new byte[] {1});
        client.get("v1/models");
        client.get("readyz");

        List<JsonNode> lines = lines(3);

        assertThat(lines).extracting(line -> line.path("requestId").asString()).containsExactly("a-1", "a-2", "a-3");
        assertThat(lines).as("without tracing").noneMatch(line -> line.has("traceId"));
        JsonNode good = lines.get(0);
        assertThat(good.path("model").asString()).isEqualTo("nuclei-unet-gn");
        assertThat(good.path("version").asString()).isEqualTo("1");
        assertThat(good.path("outcome").asString()).isEqualTo("ok");
        assertThat(good.path("status").asInt()).isEqualTo(200);
        assertThat(good.path("images").asInt()).isOne();
        double parts = good.path("decodeMillis").asDouble()
                + good.path("queueMillis").asDouble()
                + good.path("inferenceMillis").asDouble()
                + good.path("postprocessMillis").asDouble();
        assertThat(good.path("inferenceMillis").asDouble()).isPositive();
        assertThat(parts).isLessThanOrEqualTo(good.path("millis").asDouble() + 0.3); // Each is rounded.
        assertThat(lines.get(1).path("outcome").asString()).isEqualTo("UNSUPPORTED_MEDIA");
        assertThat(lines.get(1).path("status").asInt()).isEqualTo(415);
        assertThat(lines.get(1).path("images").asInt()).isZero();
        assertThat(lines.get(2).path("outcome").asString()).isEqualTo("MODEL_NOT_FOUND");
        assertThat(lines.get(2).path("model").asString())
                .as("a name that is no model's is no field")
                .isEqualTo("none");
        assertThat(client.get("actuator/prometheus").text())
                .contains(
                        "gnserve_request_duration_seconds_count{model=\"nuclei-unet-gn\",outcome=\"ok\",version=\"1\"}",
                        "gnserve_request_duration_seconds_count{model=\"none\",outcome=\"refused\",version=\"none\"}");
    }

    @Test
    void aBodyThatTheWebServerCannotReadIsALineToo() {
        client.send(client.request(SEGMENT)
                .header("X-Request-Id", "c-1")
                .header("Content-Type", "multipart/form-data")
                .POST(BodyPublishers.ofString("no boundary")));

        assertThat(lines(1)).singleElement().satisfies(line -> {
            assertThat(line.path("requestId").asString()).isEqualTo("c-1");
            assertThat(line.path("outcome").asString()).isEqualTo("INVALID_REQUEST");
            assertThat(line.path("status").asInt()).isEqualTo(400);
        });
    }

    @Test
    void whatSpringRefusesIsALineAndCountsToo() {
        client.send(client.request(SEGMENT)
                .header("X-Request-Id", "d-1")
                .header("Content-Type", "application/gzip")
                .POST(BodyPublishers.ofString("x")));
        client.send(client.request(SEGMENT)
                .header("X-Request-Id", "d-2")
                .header("Content-Type", "image/png")
                .header("Accept", "text/csv")
                .POST(BodyPublishers.ofString("x")));
        client.send(client.request(SEGMENT).header("X-Request-Id", "d-3"));
        client.send(client.request("v1/models/nobody").header("X-Request-Id", "d-4"));

        List<JsonNode> lines = lines(3);

        assertThat(lines).extracting(line -> line.path("requestId").asString()).containsExactly("d-1", "d-2", "d-3");
        assertThat(lines).extracting(line -> line.path("status").asInt()).containsExactly(415, 406, 405);
        assertThat(lines)
                .extracting(line -> line.path("outcome").asString())
                .containsExactly("UNSUPPORTED_MEDIA", "INVALID_REQUEST", "INVALID_REQUEST");
        assertThat(client.get("actuator/prometheus").text())
                .contains("gnserve_requests_total{model=\"none\",outcome=\"UNSUPPORTED_MEDIA\",version=\"none\"} 1.0");
    }

    @Test
    void nothingThatACallerSaysMakesALineOfItsOwn() {
        post("v1/models/x%0A%7B%22model%22%3A%22forged%22%7D/segment", "b-1", new byte[] {1});
        post(SEGMENT + "?version=1%0D%0Aforged", "b-2", new byte[] {1});
        post(SEGMENT, "forged ${jndi:ldap://x}", new byte[] {1});
        post(SEGMENT, "y".repeat(4_000), new byte[] {1});

        List<JsonNode> lines = lines(4);

        assertThat(lines).hasSize(4);
        assertThat(lines.toString()).doesNotContain("forged").doesNotContain("yyyy");
    }

    private void post(String path, String id, byte[] image) {
        client.send(client.request(path)
                .header("X-Request-Id", id)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(image)));
    }

    /** Message, fields and id of each, when so many are there: the last is written just after its answer. */
    private List<JsonNode> lines(int expected) {
        while (events.size() < expected && !Thread.currentThread().isInterrupted()) {
            Thread.onSpinWait();
        }
        return events.stream().map(RequestLogIT::fields).toList();
    }

    private static JsonNode fields(ILoggingEvent event) {
        Map<String, Object> fields = new LinkedHashMap<>(event.getMDCPropertyMap());
        event.getKeyValuePairs().forEach(pair -> fields.put(pair.key, pair.value));
        fields.put("message", event.getFormattedMessage());
        return JsonMapper.shared().valueToTree(fields);
    }
}
