package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.GnserveApplication;
import dev.gnserve.ServiceClient;
import dev.gnserve.model.ModelRepository;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The real application with a management port of its own, as the chart runs it. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"management.server.port=0", "gnserve.models=nuclei-unet-gn"})
class ProbePathsIT {

    @LocalServerPort
    private int http;

    @LocalManagementPort
    private int management;

    @Autowired
    private ModelRepository models;

    @Test
    void probesAnswerOnThePortOfClientsAndMetricsOnTheOther() {
        models.loaded().join();
        Chart chart = Chart.with("serviceMonitor: {enabled: true}");
        Container container = chart.one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0);

        for (Probe probe :
                List.of(container.getStartupProbe(), container.getReadinessProbe(), container.getLivenessProbe())) {
            assertThat(probe.getHttpGet().getPort().getStrVal()).isEqualTo("http");
            assertThat(new ServiceClient(http)
                            .get(path(probe.getHttpGet().getPath()))
                            .status())
                    .as(probe.getHttpGet().getPath())
                    .isEqualTo(200);
        }
        String metrics = path(
                chart.one(ServiceMonitor.class).getSpec().getEndpoints().get(0).getPath());
        assertThat(new ServiceClient(management).get(metrics).text()).contains("gnserve_model_state");
        assertThat(new ServiceClient(http).get(metrics).status())
                .as("metrics are not for clients")
                .isEqualTo(404);
        assertThat(new ServiceClient(management).get("v1/models").status())
                .as("models are not for monitoring")
                .isEqualTo(404);
    }

    /** docs/kserve.yaml: KServe has no types here, but its probes are ours to answer. */
    @Test
    void theProbesOfTheKServeExampleAnswer() throws IOException {
        models.loaded().join();
        List<String> probes = Files.readAllLines(Path.of("docs/kserve.yaml")).stream()
                .filter(line -> line.contains("httpGet"))
                .map(line -> line.replaceAll(".*path: ([^,]*),.*", "$1"))
                .toList();

        assertThat(probes).containsExactly("/v2/health/ready", "/v2/health/ready", "/v2/health/live");
        for (String probe : probes) {
            assertThat(new ServiceClient(http).get(path(probe)).status())
                    .as(probe)
                    .isEqualTo(200);
        }
    }

    private static String path(String absolute) {
        return absolute.substring(1);
    }
}
