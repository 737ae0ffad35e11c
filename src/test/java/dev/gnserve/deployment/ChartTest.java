package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.LintResult;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute;
import io.fabric8.kubernetes.api.model.networking.v1.Ingress;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule;
import io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** What the chart promises to a cluster, over a matrix of values. */
class ChartTest {

    private static final String EVERYTHING = """
            replicaCount: 3
            ports: {http: 8000, management: 8001}
            config: {"gnserve.limits.max-pixels": 1000000}
            models: {source: pvc, claimName: models, subPath: vision}
            gpu: {enabled: true, count: 2, runtimeClassName: nvidia}
            ingress: {enabled: true, className: nginx, tlsSecret: certificate}
            httpRoute: {enabled: true, gateway: front, gatewayNamespace: edge, hostnames: [cells.example.org]}
            networkPolicy: {clients: [{namespaceSelector: {}}], egress: [{ports: [{port: 443}]}]}
            tracing: {endpoint: "http://collector.monitoring:4318/v1/traces"}
            podLabels: {team: cells}
            extraVolumes: [{name: certificates, secret: {secretName: certificates}}]
            extraVolumeMounts: [{name: certificates, mountPath: /certificates, readOnly: true}]
            serviceAccount: {create: true, name: vision}
            autoscaling: {kind: hpa, queueWaitMillis: 150}
            serviceMonitor: {enabled: true, labels: {release: prometheus}}
            prometheusRule: {enabled: true, queueWaitSeconds: 0.25, errorRatio: 0.05}
            dashboard: {enabled: true}
            """;

    @Test
    void lintFindsNothingEvenWhenStrict() {
        LintResult result = Chart.helm().lint().strict().call();

        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "models: {source: initContainer, initContainer: {image: registry.example.org/models:1}}",
                "autoscaling: {kind: keda}",
                "{fullnameOverride: cells, image: {pullSecrets: [mirror]}, envFromSecrets: [keys], javaOptions: -Xmx1g}",
                EVERYTHING
            })
    void podsHaveNoRightsAndSelectorsAndPortsMeet(String values) {
        Chart chart = Chart.with(values);
        Deployment deployment = chart.one(Deployment.class);
        PodSpec pod = deployment.getSpec().getTemplate().getSpec();
        Map<String, String> labels =
                deployment.getSpec().getTemplate().getMetadata().getLabels();

        for (PodSpec spec : List.of(pod, chart.one(Pod.class).getSpec())) {
            assertThat(spec.getSecurityContext().getRunAsNonRoot()).isTrue();
            assertThat(spec.getAutomountServiceAccountToken()).isFalse();
            for (Container container : containers(spec)) {
                var security = container.getSecurityContext();
                assertThat(security.getReadOnlyRootFilesystem()).isTrue();
                assertThat(security.getAllowPrivilegeEscalation()).isFalse();
                assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
                assertThat(container.getTerminationMessagePolicy())
                        .as("what `kubectl describe` tells of an end")
                        .isEqualTo("FallbackToLogsOnError");
            }
        }
        assertThat(chart.one(ServiceAccount.class).getAutomountServiceAccountToken())
                .isFalse();
        assertThat(deployment.getSpec().getSelector().getMatchLabels())
                .satisfies(selector -> assertThat(labels).containsAllEntriesOf(selector));
        List<String> ports = pod.getContainers().get(0).getPorts().stream()
                .map(ContainerPort::getName)
                .toList();
        for (Service service : chart.all(Service.class)) {
            assertThat(labels).containsAllEntriesOf(service.getSpec().getSelector());
            assertThat(chart.one(Pod.class).getMetadata().getLabels())
                    .as("the test pod must get no traffic")
                    .doesNotContainEntry("app.kubernetes.io/name", "gnserve");
            service.getSpec()
                    .getPorts()
                    .forEach(port ->
                            assertThat(ports).contains(port.getTargetPort().getStrVal()));
        }
        NetworkPolicy policy = chart.one(NetworkPolicy.class);
        assertThat(labels)
                .containsAllEntriesOf(policy.getSpec().getPodSelector().getMatchLabels());
        assertThat(chart.objects())
                .extracting(o -> o.getKind() + "/" + o.getMetadata().getName())
                .doesNotHaveDuplicates();
    }

    @Test
    void shutdownFitsIntoTheGracePeriod() {
        PodSpec pod = Chart.with("{drainSeconds: 40, shutdownPauseSeconds: 15}")
                .one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec();
        Container container = pod.getContainers().get(0);

        assertThat(env(container)).containsEntry("GNSERVE_DRAINTIME", "40s");
        assertThat(env(container)).containsEntry("SPRING_LIFECYCLE_TIMEOUTPERSHUTDOWNPHASE", "40s");
        assertThat(env(container)).containsEntry("GNSERVE_SHUTDOWNPAUSE", "15s");
        assertThat(container.getLifecycle())
                .as(
                        "during a preStop the service would not end its connections, and their next request would be refused")
                .isNull();
        assertThat(pod.getTerminationGracePeriodSeconds()).isGreaterThan(15 + 40 + 40);
    }

    @Test
    void startupProbeGivesTheTimeThatWasAskedFor() {
        Container container = container("startupSeconds: 600");
        Probe startup = container.getStartupProbe();

        assertThat(startup.getPeriodSeconds() * startup.getFailureThreshold()).isEqualTo(600);
    }

    @Test
    void everyOptionRendersWhatItNames() {
        Chart chart = Chart.with(EVERYTHING);
        PodSpec pod = chart.one(Deployment.class).getSpec().getTemplate().getSpec();
        Container container = pod.getContainers().get(0);

        assertThat(chart.one(Deployment.class).getSpec().getReplicas())
                .as("the autoscaler's to say")
                .isNull();
        assertThat(pod.getRuntimeClassName()).isEqualTo("nvidia");
        assertThat(container.getResources().getLimits().get("nvidia.com/gpu").getAmount())
                .isEqualTo("2");
        assertThat(env(container))
                .containsEntry("GNSERVE_DEVICE", "gpu")
                .containsEntry("SERVER_PORT", "8000")
                .containsEntry("MANAGEMENT_SERVER_PORT", "8001");
        assertThat(pod.getVolumes())
                .filteredOn(volume -> volume.getPersistentVolumeClaim() != null)
                .singleElement()
                .satisfies(
                        volume -> assertThat(volume.getPersistentVolumeClaim().getClaimName())
                                .isEqualTo("models"));
        assertThat(container.getVolumeMounts())
                .anySatisfy(mount -> assertThat(mount.getSubPath()).isEqualTo("vision"));
        assertThat(new Yaml()
                        .<Map<String, Object>>load(
                                configMap(chart, "shop-gnserve").getData().get("application.yaml")))
                .containsEntry("gnserve.limits.max-pixels", 1000000);
        assertThat(chart.one(PodDisruptionBudget.class)
                        .getSpec()
                        .getMaxUnavailable()
                        .getIntVal())
                .isEqualTo(1);
        assertThat(chart.one(Ingress.class).getSpec().getTls()).hasSize(1);
        assertThat(chart.one(HTTPRoute.class)
                        .getSpec()
                        .getRules()
                        .get(0)
                        .getBackendRefs()
                        .get(0)
                        .getPort())
                .isEqualTo(8000);
        assertThat(chart.one(HorizontalPodAutoscaler.class)
                        .getSpec()
                        .getMetrics()
                        .get(0)
                        .getPods()
                        .getTarget()
                        .getAverageValue()
                        .getNumericalAmount())
                .isEqualByComparingTo("0.15");
        assertThat(chart.one(NetworkPolicy.class).getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
    }

    @Test
    void tracesAreSentAndLetOutWhereTheirCollectorIsNamed() {
        Chart silent = Chart.with("{}");
        Container container = silent.one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0);
        assertThat(env(container)).doesNotContainKey("GNSERVE_TRACING");
        assertThat(silent.one(NetworkPolicy.class).getSpec().getEgress()).isEmpty();

        Chart chart = Chart.with("tracing: {endpoint: \"http://collector.monitoring:4318/v1/traces\"}");
        container = chart.one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0);
        assertThat(env(container))
                .containsEntry("GNSERVE_TRACING", "true")
                .containsEntry(
                        "MANAGEMENT_OPENTELEMETRY_TRACING_EXPORT_OTLP_ENDPOINT",
                        "http://collector.monitoring:4318/v1/traces");
        assertThat(chart.one(NetworkPolicy.class).getSpec().getEgress().stream()
                        .flatMap(rule -> rule.getPorts().stream())
                        .map(port -> port.getPort().getIntVal()))
                .as("names are resolved on port 53")
                .containsExactly(53, 53, 4318);
        assertThat(portOfTraces("http://10.0.0.5/v1/traces"))
                .as("no digits of the address")
                .isEqualTo(80);
        assertThat(portOfTraces("https://traces.example.org/v1")).isEqualTo(443);
    }

    private static Container container(String values) {
        return Chart.with(values)
                .one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec()
                .getContainers()
                .get(0);
    }

    /** The rule after that of port 53. */
    private static int portOfTraces(String endpoint) {
        return Chart.with("tracing: {endpoint: \"" + endpoint + "\"}")
                .one(NetworkPolicy.class)
                .getSpec()
                .getEgress()
                .get(1)
                .getPorts()
                .get(0)
                .getPort()
                .getIntVal();
    }

    @Test
    void probesGoWhereThePathsAre() {
        for (String config : List.of(
                "config: {server.servlet.context-path: /gn}", "config: {server: {servlet: {context-path: /gn}}}")) {
            Container container = container(config);

            assertThat(container.getReadinessProbe().getHttpGet().getPath()).isEqualTo("/gn/readyz");
            assertThat(container.getStartupProbe().getHttpGet().getPath()).isEqualTo("/gn/readyz");
            assertThat(container.getLivenessProbe().getHttpGet().getPath()).isEqualTo("/gn/livez");
            Container test =
                    Chart.with(config).one(Pod.class).getSpec().getContainers().get(0);
            assertThat(test.getEnv())
                    .anyMatch(entry -> entry.getName().equals("SERVER_SERVLET_CONTEXTPATH")
                            && entry.getValue().equals("/gn"));
        }
    }

    @Test
    void theTestPodIsPlacedAndFetchesItsImageAsTheServiceDoes() {
        PodSpec pod = Chart.with("""
                image: {pullSecrets: [mirror], pullPolicy: Always}
                nodeSelector: {disk: ssd}
                tolerations: [{key: vision, operator: Exists}]
                """).one(Pod.class).getSpec();

        assertThat(pod.getImagePullSecrets())
                .extracting(secret -> secret.getName())
                .containsExactly("mirror");
        assertThat(pod.getContainers().get(0).getImagePullPolicy()).isEqualTo("Always");
        assertThat(pod.getNodeSelector()).containsEntry("disk", "ssd");
        assertThat(pod.getTolerations())
                .singleElement()
                .satisfies(one -> assertThat(one.getKey()).isEqualTo("vision"));
    }

    @Test
    void quantitiesMayBeNumbers() {
        Container container = container("resources: {requests: {cpu: 0.5}, limits: {cpu: 1.5, memory: 2Gi}}");

        assertThat(container.getResources().getRequests().get("cpu").getNumericalAmount())
                .isEqualByComparingTo("0.5");
    }

    @Test
    void whatFetchesModelsGetsItsSecretsAndSidecarsTheirVolumes() {
        PodSpec pod =
                Chart.with("""
                        models:
                          source: initContainer
                          initContainer: {image: "fetch:1", env: [{name: BUCKET, value: cells}], envFromSecrets: [store]}
                        extraContainers: [{name: proxy, image: "proxy:1"}]
                        extraVolumes: [{name: certificates, secret: {secretName: certificates}}]
                        extraVolumeMounts: [{name: certificates, mountPath: /certificates}]
                        podLabels: {team: cells}
                        probes: {liveness: {periodSeconds: 30}}
                        serviceAccount: {create: false, name: vision}
                        """).one(Deployment.class).getSpec().getTemplate().getSpec();
        Container init = pod.getInitContainers().get(0);
        Container container = pod.getContainers().get(0);

        assertThat(env(init)).containsEntry("BUCKET", "cells");
        assertThat(init.getEnvFrom().get(0).getSecretRef().getName()).isEqualTo("store");
        assertThat(pod.getContainers()).extracting(Container::getName).containsExactly("gnserve", "proxy");
        assertThat(container.getVolumeMounts())
                .anyMatch(mount -> mount.getMountPath().equals("/certificates"));
        assertThat(pod.getVolumes()).anyMatch(volume -> volume.getName().equals("certificates"));
        assertThat(container.getLivenessProbe().getPeriodSeconds()).isEqualTo(30);
        assertThat(container.getLivenessProbe().getTimeoutSeconds()).isEqualTo(5);
        assertThat(pod.getServiceAccountName()).isEqualTo("vision");
    }

    @Test
    void jobsAreKeptOnAVolumeThatOneProcessHas() {
        Deployment own = Chart.with("{replicaCount: 2, jobs: {enabled: true, sizeLimit: 9Gi}}")
                .one(Deployment.class);
        Deployment claim = Chart.with("jobs: {enabled: true, claimName: kept, subPath: cells}")
                .one(Deployment.class);

        for (Deployment deployment : List.of(own, claim)) {
            assertThat(env(gnserve(deployment))).containsEntry("GNSERVE_JOBS_DIR", "/var/lib/gnserve/jobs");
            assertThat(jobsMount(deployment).getMountPath()).isEqualTo("/var/lib/gnserve");
            assertThat(jobsMount(deployment).getReadOnly()).isNull();
        }
        assertThat(jobsMount(own).getSubPath()).isNull();
        assertThat(jobsMount(claim).getSubPath()).isEqualTo("cells");
        assertThat(jobsVolume(own).getEmptyDir().getSizeLimit().toString()).isEqualTo("9Gi");
        assertThat(own.getSpec().getStrategy().getRollingUpdate()).isNotNull();
        assertThat(jobsVolume(claim).getPersistentVolumeClaim().getClaimName()).isEqualTo("kept");
        assertThat(claim.getSpec().getStrategy().getType())
                .as("the next process would wait for the folder, and the one before for the next")
                .isEqualTo("Recreate");
        for (String several : List.of("replicaCount: 2", "autoscaling: {kind: hpa}")) {
            assertThatThrownBy(() -> Chart.text("jobs: {enabled: true, claimName: kept}\n" + several))
                    .hasMessageContaining("jobs.claimName: a claim has the jobs of one replica");
        }
    }

    private static Container gnserve(Deployment deployment) {
        return deployment.getSpec().getTemplate().getSpec().getContainers().get(0);
    }

    private static VolumeMount jobsMount(Deployment deployment) {
        return gnserve(deployment).getVolumeMounts().stream()
                .filter(mount -> mount.getName().equals("jobs"))
                .findFirst()
                .orElseThrow();
    }

    private static Volume jobsVolume(Deployment deployment) {
        return deployment.getSpec().getTemplate().getSpec().getVolumes().stream()
                .filter(volume -> volume.getName().equals("jobs"))
                .findFirst()
                .orElseThrow();
    }

    /** What is rendered is left in target/chart, where src/test/chart/run holds it against the schemas of Kubernetes. */
    @Test
    void examplesRender() throws Exception {
        List<Path> examples;
        try (Stream<Path> files = Files.list(Chart.FOLDER.resolve("examples"))) {
            examples = files.sorted().toList();
        }
        Path rendered = Files.createDirectories(Path.of("target/chart"));

        assertThat(examples).hasSize(5);
        for (Path example : examples) {
            String values = Files.readString(example);
            Files.writeString(rendered.resolve(example.getFileName()), Chart.text(values));
            assertThat(Chart.with(values).all(Deployment.class))
                    .as("%s", example)
                    .hasSize(1);
        }
    }

    @Test
    void everyAlertLeadsToItsRunbook() throws Exception {
        Yaml yaml = new Yaml();
        Map<String, List<Map<String, List<Map<String, Object>>>>> rules =
                yaml.load(Files.readString(Path.of("helm/gnserve/files/rules.yaml")));
        List<Map<String, Object>> alerts = rules.get("groups").stream()
                .flatMap(group -> group.get("rules").stream())
                .filter(rule -> rule.containsKey("alert"))
                .toList();

        assertThat(alerts).isNotEmpty();
        for (Map<String, Object> alert : alerts) {
            assertThat(alert.get("annotations").toString())
                    .contains("runbook_url=docs/runbooks/" + alert.get("alert") + ".md");
            assertThat(Path.of("docs/runbooks", alert.get("alert") + ".md")).exists();
        }
        assertThat(Chart.with(
                                "prometheusRule: {enabled: true, runbooks: \"https://git.example.org/gnserve/docs/runbooks\"}")
                        .one(PrometheusRule.class)
                        .toString())
                .contains("https://git.example.org/gnserve/docs/runbooks/GnserveOverload.md");
    }

    @Test
    void keysComeFromSecretsAndOnlyWhereTheyAreNamed() {
        Container open = container("{}");
        assertThat(env(open)).doesNotContainKey("GNSERVE_ACCESS_APIKEYSFILE");

        PodSpec pod = Chart.with("access: {apiKeysSecret: callers, adminKeysSecret: owners}")
                .one(Deployment.class)
                .getSpec()
                .getTemplate()
                .getSpec();
        Container container = pod.getContainers().get(0);
        Map<String, String> secrets = Map.of(
                "GNSERVE_ACCESS_APIKEYSFILE", "callers",
                "GNSERVE_ACCESS_ADMINKEYSFILE", "owners");
        secrets.forEach((variable, secret) -> {
            String file = env(container).get(variable);
            String volume = container.getVolumeMounts().stream()
                    .filter(mount -> file.equals(mount.getMountPath() + "/keys"))
                    .findFirst()
                    .orElseThrow()
                    .getName();
            assertThat(pod.getVolumes())
                    .filteredOn(one -> one.getName().equals(volume))
                    .singleElement()
                    .satisfies(
                            one -> assertThat(one.getSecret().getSecretName()).isEqualTo(secret));
        });
    }

    @Test
    void bulkWorkIsAJobOfShardsThatServesNobody() {
        assertThat(Chart.with("{}").all(Job.class)).isEmpty();
        Chart chart = Chart.with("""
                batch:
                  {enabled: true, model: cells, shards: 8, parallelism: 16, picture: true,
                   input: {claimName: images, subPath: today}, output: {claimName: results}}
                models: {source: pvc, claimName: models}
                """);
        Job job = chart.one(Job.class);
        PodSpec pod = job.getSpec().getTemplate().getSpec();
        Container container = pod.getContainers().get(0);

        assertThat(chart.all(NetworkPolicy.class))
                .as("pods of the job accept no connections and open none")
                .filteredOn(policy -> policy.getSpec()
                        .getPodSelector()
                        .getMatchLabels()
                        .equals(job.getSpec().getTemplate().getMetadata().getLabels()))
                .singleElement()
                .satisfies(policy -> {
                    assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Ingress", "Egress");
                    assertThat(policy.getSpec().getIngress()).isEmpty();
                    assertThat(policy.getSpec().getEgress()).isEmpty();
                });
        assertThat(job.getSpec().getCompletionMode()).isEqualTo("Indexed");
        assertThat(job.getSpec().getCompletions()).isEqualTo(8);
        assertThat(job.getSpec().getParallelism()).as("no more than shards").isEqualTo(8);
        assertThat(container.getArgs())
                .startsWith("batch", "/in", "/out")
                .contains("--model=cells", "--shard=$(JOB_COMPLETION_INDEX)/8", "--picture");
        assertThat(job.getSpec().getPodFailurePolicy().getRules())
                .filteredOn(rule -> rule.getOnExitCodes() != null)
                .allMatch(rule -> rule.getOnExitCodes().getContainerName().equals(container.getName()))
                .extracting(rule -> rule.getAction() + " "
                        + rule.getOnExitCodes().getValues().get(0))
                .containsExactly("FailIndex 1", "FailJob 2");
        assertThat(pod.getRestartPolicy()).as("what a failure policy needs").isEqualTo("Never");
        assertThat(container.getSecurityContext().getReadOnlyRootFilesystem()).isTrue();
        assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
        assertThat(container.getVolumeMounts())
                .anySatisfy(mount -> {
                    assertThat(mount.getMountPath()).isEqualTo("/in");
                    assertThat(mount.getReadOnly()).isTrue();
                    assertThat(mount.getSubPath()).isEqualTo("today");
                })
                .anySatisfy(mount -> assertThat(mount.getMountPath()).isEqualTo("/models"));
        Map<String, String> labels = job.getSpec().getTemplate().getMetadata().getLabels();
        for (Service service : chart.all(Service.class)) {
            assertThat(labels.entrySet()
                            .containsAll(service.getSpec().getSelector().entrySet()))
                    .as("the service's requests")
                    .isFalse();
        }
    }

    /** The API server refuses a Job with another template under a name that it knows, and the upgrade would end there. */
    @Test
    void aJobThatDiffersHasAnotherName() {
        String batch = "batch: {enabled: true, model: cells, input: {claimName: a}, output: {claimName: b}}\n";
        List<String> specs = List.of(
                "{}",
                "image: {tag: other}",
                "resources: {limits: {memory: 6Gi}}",
                "models: {source: pvc, claimName: models}",
                "nodeSelector: {disk: fast}");

        assertThat(specs)
                .extracting(values -> jobName(batch + values.replace("{}", "")))
                .doesNotHaveDuplicates();
        assertThat(jobName(batch + "service: {annotations: {a: b}}")).isEqualTo(jobName(batch));
        assertThat(jobName(batch.replace("model: cells", "model: cells, shards: 9")))
                .isNotEqualTo(jobName(batch));
    }

    private static String jobName(String values) {
        return Chart.with(values).one(Job.class).getMetadata().getName();
    }

    @Test
    void theTestPodIsLetInWhereClientsAreChosen() {
        Chart chart = Chart.with(EVERYTHING);
        Map<String, String> test = chart.one(Pod.class).getMetadata().getLabels();

        assertThat(chart.one(NetworkPolicy.class).getSpec().getIngress().get(0).getFrom())
                .hasSize(2)
                .anySatisfy(peer -> {
                    assertThat(peer.getPodSelector()).isNotNull();
                    assertThat(test).containsAllEntriesOf(peer.getPodSelector().getMatchLabels());
                });
    }

    @Test
    void theMonitorSelectsTheManagementServiceAlone() {
        Chart chart = Chart.with("serviceMonitor: {enabled: true}");
        Map<String, String> wanted =
                chart.one(ServiceMonitor.class).getSpec().getSelector().getMatchLabels();
        String port =
                chart.one(ServiceMonitor.class).getSpec().getEndpoints().get(0).getPort();

        List<Service> selected = chart.all(Service.class).stream()
                .filter(s -> s.getMetadata().getLabels().entrySet().containsAll(wanted.entrySet()))
                .toList();

        assertThat(selected).hasSize(1);
        assertThat(selected.get(0).getSpec().getPorts())
                .singleElement()
                .satisfies(p -> assertThat(p.getName()).isEqualTo(port));
    }

    @Test
    void rulesAndDashboardAreTheFilesWithTheObjectivesOfTheValues() throws Exception {
        String file = Files.readString(Chart.FOLDER.resolve("files/rules.yaml"));
        String asked = text(Chart.with(EVERYTHING).one(PrometheusRule.class));

        assertThat(expressions(Chart.with("prometheusRule: {enabled: true}").one(PrometheusRule.class)))
                .as("another scraper gives other labels, with which absent() would fire for ever")
                .isEqualTo(expressionsOf(new Yaml().load(file)));
        // Of this release: another one that is scraped does not hide that this one is not.
        file = file.replace(
                "absent(gnserve_model_state{",
                "absent(gnserve_model_state{namespace=\"vision\",job=\"shop-gnserve-management\",");
        assertThat(expressionsOf(new Yaml().load(file)))
                .isEqualTo(expressions(Chart.with("{prometheusRule: {enabled: true}, serviceMonitor: {enabled: true}}")
                        .one(PrometheusRule.class)));
        assertThat(asked).contains("p95_5m > 0.25").contains("ratio5m > 0.05").doesNotContain("p95_5m > 0.5");
        assertThat(configMap(Chart.with(EVERYTHING), "shop-gnserve-dashboard")
                        .getData()
                        .get("gnserve.json"))
                .isEqualTo(Files.readString(Chart.FOLDER.resolve("files/dashboard.json")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "replicas: 2",
                "image: {pullPolicy: Sometimes}",
                "models: {source: pvc}",
                "models: {source: initContainer}",
                "models: {source: s3}",
                "ports: {http: 80}",
                "autoscaling: {kind: cpu}",
                "httpRoute: {enabled: true}",
                "batch: {enabled: true}",
                "batch: {shards: 0}",
                "drainSeconds: 20s"
            })
    void wrongValuesAreToldWhenRendering(String values) {
        assertThatThrownBy(() -> Chart.text(values)).hasMessageContaining(values.replaceAll("[^a-zA-Z].*", ""));
    }

    private static ConfigMap configMap(Chart chart, String name) {
        return chart.all(ConfigMap.class).stream()
                .filter(map -> map.getMetadata().getName().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<Container> containers(PodSpec pod) {
        List<Container> all = new ArrayList<>(pod.getContainers());
        all.addAll(pod.getInitContainers());
        return all;
    }

    private static Map<String, String> env(Container container) {
        return container.getEnv().stream().collect(Collectors.toMap(e -> e.getName(), e -> e.getValue()));
    }

    private static String text(HasMetadata object) {
        return object.toString();
    }

    private static List<String> expressions(PrometheusRule rule) {
        return rule.getSpec().getGroups().stream()
                .flatMap(group -> group.getRules().stream())
                .map(r -> r.getExpr().getStrVal())
                .toList();
    }

    @SuppressWarnings("unchecked")
    private static List<String> expressionsOf(Map<String, Object> file) {
        return ((List<Map<String, Object>>) file.get("groups"))
                .stream()
                        .flatMap(group -> ((List<Map<String, Object>>) group.get("rules")).stream())
                        .map(rule -> (String) rule.get("expr"))
                        .toList();
    }
}
