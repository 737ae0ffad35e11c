package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import com.sun.net.httpserver.HttpServer;
import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** What a collector of traces gets to see, read with OpenTelemetry's own definition of its protocol. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.tracing=true",
            "gnserve.models=pair",
            "management.opentelemetry.tracing.export.schedule-delay=100ms"
        })
class TracingIT {

    private static final String PATH = "v1/models/pair/segment";
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String CALLER = "b7ad6b7169203331";

    private static final Queue<Span> SPANS = new ConcurrentLinkedQueue<>();
    private static HttpServer collector;

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    private ServiceClient client;

    @DynamicPropertySource
    static void properties(DynamicPropertyRegistry properties) throws IOException {
        new ModelsFolder(models).put("pair", "/models/coarse-scripted.pt", """
                task: segmentation
                labels: [green, blue]
                batching: {maxSize: 2, maxDelay: 10s}
                warmUp: {shapes: [[3, 32, 32]]}
                """);
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            ExportTraceServiceRequest.parseFrom(exchange.getRequestBody())
                    .getResourceSpansList()
                    .forEach(resource ->
                            resource.getScopeSpansList().forEach(scope -> SPANS.addAll(scope.getSpansList())));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        properties.add("gnserve.models-dir", () -> models);
        properties.add(
                "management.opentelemetry.tracing.export.otlp.endpoint",
                () -> "http://localhost:" + collector.getAddress().getPort() + "/v1/traces");
    }

    @AfterAll
    static void stopCollector() {
        collector.stop(0);
    }

    @BeforeEach
    void awaitModels() {
        repository.loaded().join();
        client = new ServiceClient(port);
    }

    @Test
    void aRequestIsATraceThatTellsWhereItsTimeWentAndSharesTheSpanOfItsBatch() {
        CompletableFuture<Answer> mate = CompletableFuture.supplyAsync(() -> post("mate", null));
        Answer called = post("called", "00-" + TRACE + "-" + CALLER + "-01");
        assertThat(called.status()).isEqualTo(200);
        assertThat(mate.join().status()).isEqualTo(200);

        Span request = await(span -> "called".equals(tag(span, "gnserve.request.id")));
        Span other = await(span -> "mate".equals(tag(span, "gnserve.request.id")));
        assertThat(hex(request.getTraceId())).isEqualTo(TRACE);
        assertThat(hex(request.getParentSpanId())).isEqualTo(CALLER);
        assertThat(request.getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
        assertThat(tag(request, "gnserve.outcome")).isEqualTo("ok");
        for (Span each : List.of(request, other)) {
            Map<String, Span> all =
                    awaitChildrenOf(each, "decode", "preprocess", "queue", "infer", "postprocess", "encode");
            assertInOrder(each, all.get("decode"), all.get("queue"), all.get("infer"), all.get("encode"));
            assertThat(tag(all.get("infer"), "gnserve.model")).isEqualTo("pair");
        }
        JsonNode timing = called.json().path("images").path(0).path("timing");
        Map<String, Span> stages = childrenOf(request);
        assertTakes(stages.get("decode"), timing.path("decodeMillis"));
        assertTakes(stages.get("queue"), timing.path("queueMillis"));
        assertTakes(stages.get("infer"), timing.path("inferenceMillis"));
        assertTakes(stages.get("postprocess"), timing.path("postprocessMillis"));

        Span batch = await(span -> span.getName().equals("batch"));
        assertThat(tag(batch, "gnserve.batch.size")).isEqualTo("2");
        Span first = batch.getParentSpanId().equals(request.getSpanId()) ? request : other;
        Span second = first.equals(request) ? other : request;
        assertThat(batch.getParentSpanId()).isEqualTo(first.getSpanId());
        assertThat(batch.getLinksList()).extracting(Span.Link::getSpanId).containsExactly(second.getSpanId());
        for (Span each : List.of(request, other)) {
            assertThat(childrenOf(each).get("infer").getLinksList())
                    .singleElement()
                    .satisfies(link -> {
                        assertThat(link.getSpanId()).isEqualTo(batch.getSpanId());
                        assertThat(link.getTraceId()).isEqualTo(batch.getTraceId());
                    });
        }
        assertThat(awaitChildrenOf(batch, "assemble", "forward", "split")).hasSize(3);
    }

    @Test
    void aTraceThatItsCallerDoesNotRecordAndWhatProbesAskIsNotSent() {
        client.get("readyz");
        client.get("actuator/prometheus");
        CompletableFuture<Answer> mate =
                CompletableFuture.supplyAsync(() -> post("silent-mate", "00-" + TRACE + "-" + CALLER + "-00"));
        post("silent", "00-" + TRACE + "-" + CALLER + "-00");
        mate.join();
        client.send(client.request("v1/models/nobody/segment")
                .header("X-Request-Id", "last")
                .POST(BodyPublishers.ofByteArray(new byte[1])));

        Span last = await(span -> "last".equals(tag(span, "gnserve.request.id")));

        assertThat(tag(last, "gnserve.outcome")).isEqualTo("MODEL_NOT_FOUND");
        assertThat(SPANS).extracting(span -> tag(span, "gnserve.request.id")).doesNotContain("silent", "silent-mate");
        assertThat(SPANS).extracting(Span::getName).noneMatch(name -> name.contains("actuator"));
        assertThat(SPANS).extracting(Span::getName).noneMatch(name -> name.contains("readyz"));
    }

    private Answer post(String id, String traceParent) {
        var request = client.request(PATH)
                .header("X-Request-Id", id)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")));
        if (traceParent != null) {
            request.header("traceparent", traceParent);
        }
        return client.send(request);
    }

    /** Children are over before their parents, and are sent with them or before. */
    private static Map<String, Span> childrenOf(Span parent) {
        return SPANS.stream()
                .filter(span -> span.getParentSpanId().equals(parent.getSpanId()))
                .filter(span -> !span.getName().equals("batch"))
                .collect(Collectors.toMap(Span::getName, span -> span, (one, two) -> one));
    }

    /** A shipment of spans that fails is sent again, so earlier spans may come after later ones. */
    private static Map<String, Span> awaitChildrenOf(Span parent, String... names) {
        while (true) {
            Map<String, Span> children = childrenOf(parent);
            if (children.keySet().containsAll(List.of(names))) {
                return children;
            }
            Thread.onSpinWait();
        }
    }

    private static Span await(Predicate<Span> wanted) {
        while (true) {
            for (Span span : SPANS) {
                if (wanted.test(span)) {
                    return span;
                }
            }
            Thread.onSpinWait();
        }
    }

    private static void assertInOrder(Span whole, Span... parts) {
        long from = whole.getStartTimeUnixNano();
        for (Span part : parts) {
            assertThat(part.getStartTimeUnixNano()).as(part.getName()).isGreaterThanOrEqualTo(from - CLOCKS);
            assertThat(part.getEndTimeUnixNano())
                    .as(part.getName())
                    .isGreaterThanOrEqualTo(part.getStartTimeUnixNano());
            from = part.getEndTimeUnixNano();
        }
        assertThat(whole.getEndTimeUnixNano()).isGreaterThanOrEqualTo(from - CLOCKS);
    }

    /** As the answer says, in hundredths. */
    private static void assertTakes(Span span, JsonNode millis) {
        assertThat((span.getEndTimeUnixNano() - span.getStartTimeUnixNano()) / 1e6)
                .as(span.getName())
                .isCloseTo(millis.asDouble(), within(0.011));
    }

    /** A span that is over already when it is made comes from two clocks: the one that measures and the one of the day. */
    private static final long CLOCKS = 2_000_000;

    private static String tag(Span span, String name) {
        return span.getAttributesList().stream()
                .filter(attribute -> attribute.getKey().equals(name))
                .map(attribute -> attribute.getValue().getStringValue())
                .findFirst()
                .orElse(null);
    }

    private static String hex(ByteString bytes) {
        return HexFormat.of().formatHex(bytes.toByteArray());
    }
}
