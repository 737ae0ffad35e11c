package dev.gnserve.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** Compose file, Dockerfile and rules, held against each other and against the tools that read them, where they are. */
class DeploymentFilesTest {

    @Test
    void composeMountsFilesThatExist() throws Exception {
        int mounts = 0;
        for (Map<String, Object> service : services().values()) {
            for (Object volume : (List<?>) service.getOrDefault("volumes", List.of())) {
                if (volume.toString().startsWith("./")) {
                    assertThat(Path.of(volume.toString()
                                    .substring(0, volume.toString().indexOf(":"))))
                            .exists();
                    mounts++;
                }
            }
        }
        assertThat(mounts).isGreaterThanOrEqualTo(5);
    }

    @Test
    void composeAcceptsTheFile() throws Exception {
        Optional<Path> compose = RealPrometheus.program("docker-compose");
        assumeTrue(compose.isPresent(), "no docker-compose on this machine");

        run(compose.get().toString(), "--profile", "gpu", "config", "--quiet");
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
    void bothImagesRunAsTheSameUserWithTheSettingsOfTheBuild() throws Exception {
        String dockerfile = Files.readString(Path.of("Dockerfile"));
        String pom = Files.readString(Path.of("pom.xml"));

        assertThat(all("(?m)^USER (\\S+)$", dockerfile)).containsExactly("10001:10001", "10001:10001");
        for (String setting : List.of("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_ARENA_MAX")) {
            String value = all("<" + setting + ">(\\d+)<", pom).get(0);
            assertThat(all(setting + "=(\\d+)", dockerfile)).containsExactly(value, value);
        }
        String libtorch = all("<libtorch.version>([^<]+)<", pom).get(0);
        assertThat(all("PYTORCH_VERSION=(\\S+)", dockerfile)).containsExactly(libtorch, libtorch);
        assertThat(all("pytorch/pytorch:([0-9.]+)-cuda", dockerfile)).containsExactly(libtorch);
    }

    private static Map<String, Map<String, Object>> services() throws Exception {
        Map<String, Map<String, Map<String, Object>>> file =
                new Yaml().load(Files.readString(Path.of("docker-compose.yml")));
        return file.get("services");
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
