package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gnserve.GnserveApplication;
import dev.gnserve.Samples;
import dev.gnserve.ServiceClient;
import dev.gnserve.model.ModelRepository;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rules, alerts, dashboard and autoscaler's query on a real Prometheus that scrapes the real service under load. */
@SpringBootTest(classes = GnserveApplication.class, webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PrometheusIT {

    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment";

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository models;

    @TempDir
    private static Path folder;

    private RealPrometheus prometheus;
    private ServiceClient client;

    @BeforeAll
    void start() throws Exception {
        Optional<Path> program = RealPrometheus.program("prometheus");
        assumeTrue(program.isPresent(), "no prometheus on this machine");
        models.loaded().join();
        client = new ServiceClient(port);
        prometheus = RealPrometheus.start(program.get(), folder, port, UnaryOperator.identity());
        // Rates begin at the second sample of a counter: the first must have been scraped before the load.
        prometheus.await("up == 1", () -> {});
        load();
        prometheus.await("sum(rate(gnserve_requests_total{outcome=\"ok\"}[1m])) > 0", this::load);
        prometheus.await("gnserve:errors:ratio5m > 0", this::load);
        prometheus.await("gnserve:queue_wait_seconds:p95_5m > 0", this::load);
    }

    @AfterAll
    void stop() throws Exception {
        if (prometheus != null) {
            prometheus.close();
        }
    }

    @Test
    void everyRuleIsEvaluatedAndRecordsSomething() throws Exception {
        assertThat(prometheus.brokenRules()).isEmpty();
        for (Map<String, Object> rule : rules()) {
            if (rule.containsKey("record")) {
                assertThat(prometheus.query((String) rule.get("record")))
                        .as("%s", rule.get("record"))
                        .isNotEmpty()
                        .allMatch(value -> value >= 0 || value.isNaN());
            }
        }
        assertThat(prometheus.query("gnserve:requests:rate5m{model=\"nuclei-unet-gn\"} > 0"))
                .hasSize(1);
    }

    /** Every metric that an alert names exists, so that no alert is silent because of a typing error. */
    @Test
    void whatTheLoadDoesRaisesItsAlertAndNoOthers() throws Exception {
        prometheus.await(
                "ALERTS{alertname=\"GnserveErrorRatio\",alertstate=\"firing\",model=\"nuclei-unet-gn\"}", this::load);

        assertThat(prometheus.query("ALERTS{alertname!~\"GnserveErrorRatio|GnserveQueueWait\"}"))
                .isEmpty();
        for (Map<String, Object> rule : rules()) {
            if (rule.containsKey("alert")) {
                String metric = ((String) rule.get("expr")).replaceAll("(?s).*?(gnserve[_:][a-z_:0-9]+).*", "$1");
                assertThat(prometheus.query(metric)).as("%s", rule.get("alert")).isNotEmpty();
            }
        }
    }

    @Test
    void everyQueryOfTheDashboardReturnsData() throws Exception {
        List<String> queries = new ArrayList<>();
        JsonNode dashboard = new JsonMapper()
                .readTree(Chart.FOLDER.resolve("files/dashboard.json").toFile());
        for (JsonNode panel : dashboard.path("panels")) {
            panel.path("targets")
                    .forEach(target -> queries.add(target.path("expr").asString()));
        }

        assertThat(queries).hasSizeGreaterThan(15);
        for (String query : queries) {
            String concrete = query.replace("$__rate_interval", "1m")
                    .replace("$__range", "5m")
                    .replaceAll("\\$(namespace|model|instance)", ".*");
            assertThat(prometheus.query(concrete))
                    .as(concrete)
                    .isNotEmpty()
                    .allMatch(value -> value >= 0 || value.isNaN());
        }
    }

    @Test
    void theAutoscalersQueryIsAFigurePerPod() throws Exception {
        Map<String, Object> values = yaml("files/prometheus-adapter.yaml");
        String template = (String)
                entries(((Map<?, ?>) values.get("rules")).get("custom")).get(0).get("metricsQuery");
        String query = template.replace("<<.Series>>", "gnserve_queue_wait_seconds_bucket")
                .replace("<<.LabelMatchers>>", "namespace=\"vision\",pod=~\"gnserve-0\"")
                .replace("<<.GroupBy>>", "pod");

        assertThat(prometheus.query(query))
                .singleElement()
                .satisfies(wait -> assertThat(wait).isPositive());
        assertThat(prometheus.query(query.replace("[2m]", "[1s]")))
                .as("no traffic is no wait")
                .containsExactly(0.0);
    }

    private void load() {
        byte[] image = Samples.png("fluorescence-256");
        for (int i = 0; i < 8; i++) {
            assertThat(client.post(SEGMENT, image).status()).isEqualTo(200);
        }
        assertThat(client.post("v1/models/nuclei-unet-gn/verify", image).status())
                .isEqualTo(200);
        for (int i = 0; i < 4; i++) {
            assertThat(client.send(client.request(SEGMENT)
                                    .header("Content-Type", "image/png")
                                    .header("X-Timeout-Millis", "1")
                                    .POST(BodyPublishers.ofByteArray(image)))
                            .status())
                    .isEqualTo(504);
        }
        assertThat(client.send(client.request(SEGMENT)
                                .header("Content-Type", "image/png")
                                .header("Accept", "image/png")
                                .POST(BodyPublishers.ofByteArray(image)))
                        .status())
                .isEqualTo(200);
    }

    private static List<Map<String, Object>> rules() throws Exception {
        List<Map<String, Object>> rules = new ArrayList<>();
        for (Map<String, Object> group : entries(yaml("files/rules.yaml").get("groups"))) {
            rules.addAll(entries(group.get("rules")));
        }
        return rules;
    }

    private static Map<String, Object> yaml(String file) throws Exception {
        return new Yaml().load(java.nio.file.Files.readString(Chart.FOLDER.resolve(file)));
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> entries(Object list) {
        return (List<Map<String, Object>>) list;
    }
}
