package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.jayway.jsonpath.DocumentContext;
import com.jayway.jsonpath.JsonPath;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.Yaml;

/** Compose file, Dockerfile and rules, held against each other and against the tools that read them, where they are. */
class DeploymentFilesTest {

    private static final Path COMPOSE = Path.of("docker-compose.yml");

    /** By its own schema, the Compose Specification's. */
    @Test
    void composeAcceptsTheFile() throws Exception {
        Optional<Path> compose = RealPrometheus.program("docker-compose");
        assumeTrue(compose.isPresent(), "no docker-compose on this machine");

        run(compose.get().toString(), "--profile", "gpu", "config", "--quiet");
    }

    @Test
    void composePinsWhatItDoesNotBuild() throws Exception {
        assertThat(list("$.services.*[?(!@.build)].image"))
                .hasSize(2)
                .allMatch(
                        image -> image.toString().matches("\\$\\{[A-Z_]+:-docker\\.io/[a-z/]+:v?\\d+\\.\\d+\\.\\d+}"));
    }

    /** A registry may have somebody else's image of that name. */
    @Test
    void composeDoesNotPullWhatItBuilds() throws Exception {
        assertThat(list("$.services.*[?(@.build)].pull_policy")).containsExactly("never", "never");
    }

    /** The pom has the version; these two files cannot read it there. */
    @Test
    void chartAndKserveHaveTheVersionOfThePom() throws Exception {
        String version = all(
                        "(?s)<artifactId>gnserve</artifactId>\\s*<version>([^<]+)",
                        Files.readString(Path.of("pom.xml")))
                .get(0);
        assertThat(all("(?m)^(?:v|appV)ersion: (.*)$", Files.readString(Path.of("helm/gnserve/Chart.yaml"))))
                .containsExactly(version, version);
        assertThat(all("image: \\S+/gnserve:(.*)", Files.readString(Path.of("docs/kserve.yaml"))))
                .containsExactly(version);
    }

    /** A default would win over the processor that BuildKit builds for. */
    @Test
    void imageIsBuiltForTheProcessorThatIsAskedFor() throws Exception {
        assertThat(all("(?m)^ARG (TARGET.*)$", Files.readString(Path.of("Dockerfile"))))
                .containsExactly("TARGETARCH");
    }

    @Test
    void composeStartsEachAfterWhatItReadsIsHealthy() throws Exception {
        assertThat(value("$.services.prometheus.depends_on.gnserve.condition")).isEqualTo("service_healthy");
        assertThat(value("$.services.grafana.depends_on.prometheus.condition")).isEqualTo("service_healthy");
        assertThat(list("$.services.prometheus.healthcheck.test[*]")).contains("http://localhost:9090/-/ready");
        assertThat(all("(?m)^HEALTHCHECK .*CMD (.+)$", Files.readString(Path.of("Dockerfile"))))
                .containsExactly("[\"/opt/gnserve/healthcheck\"]", "[\"/opt/gnserve/healthcheck\"]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"gnserve", "gnserve-gpu"})
    void composeRunsTheServiceWithoutRights(String service) throws Exception {
        String it = "$.services." + service;
        assertThat(value(it + ".read_only")).isEqualTo(true);
        assertThat(list(it + ".cap_drop[*]")).containsExactly("ALL");
        assertThat(list(it + ".security_opt[*]")).containsExactly("no-new-privileges:true");
        assertThat(list(it + ".volumes[*]")).containsExactly("${MODELS:-./models}:/models:ro");
    }

    @Test
    void composeStartsTheGpuOnlyWhenAsked() throws Exception {
        assertThat(list("$.services.*[?(@.profiles)].image")).containsExactly("gnserve:gpu");
        assertThat(list("$.services.gnserve-gpu.profiles[*]")).containsExactly("gpu");
        assertThat(value("$.services.gnserve-gpu.build.target")).isEqualTo("gpu");
        assertThat(list("$.services.gnserve-gpu.deploy.resources.reservations.devices[*].driver"))
                .containsExactly("nvidia");
    }

    @Test
    void composeVariablesAndPortsAreDocumentedWithTheirDefaults() throws Exception {
        String docs = Files.readString(Path.of("docs/deployment.md"));
        String compose = Files.readString(COMPOSE);

        assertThat(all("\\$\\{([A-Z_]+):-", compose))
                .isNotEmpty()
                .allSatisfy(name -> assertThat(docs).contains(name));
        assertThat(String.join(", ", all("\\$\\{[A-Z_]*PORT:-(\\d+)}", compose)))
                .isEqualTo("8080, 8081, 9090, 3000");
        assertThat(docs)
                .contains("| GNSERVE_PORT, GNSERVE_GPU_PORT, PROMETHEUS_PORT, GRAFANA_PORT | 8080, 8081, 9090, 3000 |");
    }

    /** Prometheus finds rules and service, Grafana finds Prometheus and the dashboard, and the dashboard its source. */
    @Test
    void composeMountsFilesThatExistWhereTheyAreLookedFor() throws Exception {
        Map<String, String> mounts = new HashMap<>();
        for (Object volume : list("$.services[*].volumes[*]")) {
            if (volume.toString().startsWith("./")) {
                String[] parts = volume.toString().split(":", -1);
                assertThat(Path.of(parts[0])).isRegularFile();
                mounts.put(parts[1], parts[0]);
            }
        }
        DocumentContext prometheus = yaml(mounts.get("/etc/prometheus/prometheus.yml"));
        DocumentContext source = yaml(mounts.get("/etc/grafana/provisioning/datasources/prometheus.yaml"));
        DocumentContext dashboards = yaml(mounts.get("/etc/grafana/provisioning/dashboards/gnserve.yaml"));
        String dashboard = mounts.get(dashboards.read("$.providers[0].options.path") + "/gnserve.json");

        assertThat(mounts)
                .containsKeys(prometheus.<List<String>>read("$.rule_files").toArray(String[]::new));
        assertThat(prometheus.<List<String>>read("$..dns_sd_configs[*].names[*]"))
                .containsExactly("gnserve");
        assertThat(source.<String>read("$.datasources[0].url")).isEqualTo("http://prometheus:9090");
        assertThat(yaml(dashboard).<List<String>>read("$.templating.list[?(@.type == 'datasource')].query"))
                .containsExactly(source.<String>read("$.datasources[0].type"));
    }

    @Test
    void promtoolAcceptsRulesAndTheirTestsPass() throws Exception {
        Optional<Path> promtool = RealPrometheus.program("promtool");
        assumeTrue(promtool.isPresent(), "no promtool on this machine");

        run(promtool.get().toString(), "check", "rules", "helm/gnserve/files/rules.yaml");
        run(promtool.get().toString(), "test", "rules", "src/test/prometheus/rules_test.yaml");
        run(promtool.get().toString(), "check", "config", "--syntax-only", "src/main/compose/prometheus.yml");
    }

    @Test
    void everyRuleHasATest() throws Exception {
        List<String> rules =
                all("(?m)- (?:record|alert): (\\S+)$", Files.readString(Path.of("helm/gnserve/files/rules.yaml")));
        String tests = Files.readString(Path.of("src/test/prometheus/rules_test.yaml"));

        assertThat(rules)
                .hasSizeGreaterThan(10)
                .allSatisfy(rule -> assertThat(tests).contains(rule));
    }

    @Test
    void bothImagesRunAsTheSameUserWithTheSettingsOfTheBuild() throws Exception {
        String dockerfile = Files.readString(Path.of("Dockerfile"));
        String pom = Files.readString(Path.of("pom.xml"));

        assertThat(all("(?m)^USER (\\S+)$", dockerfile)).containsExactly("10001:10001", "10001:10001");
        assertThat(all("LD_PRELOAD=(\\S+)", dockerfile))
                .containsExactly("libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so.4");
        assertThat(all("install --yes --no-install-recommends (\\S+)", dockerfile))
                .containsExactly("libtcmalloc-minimal4", "libtcmalloc-minimal4");
        assertThat(all("<allocator>[^<]*/([^</]+)<", pom))
                .containsExactly("libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so.4");
        String libtorch = all("<libtorch.version>([^<]+)<", pom).get(0);
        assertThat(all("PYTORCH_VERSION=(\\S+)", dockerfile)).containsExactly(libtorch, libtorch);
        assertThat(all("pytorch/pytorch:([0-9.]+)-cuda", dockerfile)).containsExactly(libtorch);
    }

    private static Object value(String path) throws Exception {
        return yaml(COMPOSE.toString()).read(path);
    }

    private static List<Object> list(String path) throws Exception {
        return yaml(COMPOSE.toString()).read(path);
    }

    private static DocumentContext yaml(String file) throws Exception {
        return JsonPath.parse(new Yaml().<Object>load(Files.readString(Path.of(file))));
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }

    private static List<String> all(String pattern, String text) {
        List<String> found = new ArrayList<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        return found;
    }
}
