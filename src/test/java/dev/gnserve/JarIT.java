package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The jar as a user starts it. */
class JarIT {

    private static final Pattern ROOM = Pattern.compile("^BOOT-INF/classes/dev/gnserve/(\\w+)/");

    @Test
    void servesTheEmbeddedModelAndStopsWhenAsked() throws Exception {
        List<String> command = Jar.asBuilt(List.of(), "--server.port=0");
        Process process;
        try (StartedJar service = StartedJar.of(new ProcessBuilder(command))) {
            process = service.process();
            HttpRequest segment = HttpRequest.newBuilder(service.base().resolve("v1/models/nuclei-unet-gn/segment"))
                    .header("Content-Type", "image/png")
                    .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256")))
                    .build();
            HttpResponse<String> answer = HttpClient.newHttpClient().send(segment, BodyHandlers.ofString());

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.body()).contains("\"coco-rle\"");
        }
        assertThat(process.exitValue()).isEqualTo(128 + 15);
    }

    @Test
    void jarHoldsTheProductAndItsBillOfMaterialsOnly() throws Exception {
        try (ZipFile zip = new ZipFile(Jar.FILE.toFile())) {
            List<String> rooms = zip.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith(".class"))
                    .flatMap(name -> ROOM.matcher(name).results().map(room -> room.group(1)))
                    .distinct()
                    .toList();
            assertThat(rooms).contains("serving", "cli").doesNotContain("workshop", "training", "benchmark", "stress");

            JsonNode bill = JsonMapper.shared()
                    .readTree(zip.getInputStream(zip.getEntry("META-INF/sbom/application.cdx.json")));
            assertThat(bill.path("bomFormat").asString()).isEqualTo("CycloneDX");
            assertThat(bill.at("/metadata/component/name").asString()).isEqualTo("gnserve");
            assertThat(bill.path("components")
                            .valueStream()
                            .map(component -> component.path("name").asString()))
                    .contains("pytorch-engine", "pytorch-native-cpu", "spring-boot")
                    .doesNotContain("archunit-junit5");
        }
    }

    @Test
    void misuseExitsWithTwo() throws Exception {
        Process process = new ProcessBuilder(Jar.asBuilt(List.of(Jar.QUICK_START), "no-such-command"))
                .redirectErrorStream(true)
                .start();

        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("no-such-command");
        assertThat(process.waitFor()).isEqualTo(2);
    }

    static Stream<Arguments> wrongStarts() {
        Map<String, String> noRoomForLibraries = Map.of("DJL_CACHE_DIR", "pom.xml");
        return Stream.of(
                arguments("serve --gnserve.models-dir=no/such", Map.of(), "gnserve.models-dir is no/such, which is no"),
                arguments(
                        "--gnserve.access.api-keys-file=no/such", Map.of(), "file of API keys cannot be read as text"),
                arguments(
                        "serve --gnserve.limits.max-pixel=1",
                        Map.of(),
                        "gnserve.limits.max-pixel (command line) is not a setting. Did you mean"
                                + " gnserve.limits.max-pixels?"),
                arguments("--gnserve.models=nosuch", Map.of(), "gnserve.models names [nosuch], but the models are"),
                arguments(
                        "serve --server.port=0 --server.ssl.key-store=pom.xml --server.ssl.key-store-password=secret",
                        Map.of(),
                        "Could not load store from 'pom.xml'"),
                arguments(
                        "batch src target/none --model=mine", noRoomForLibraries, "the PyTorch engine does not start"));
    }

    @ParameterizedTest
    @MethodSource("wrongStarts")
    void whatKeepsItFromStartingIsToldInASentence(String arguments, Map<String, String> environment, String reason)
            throws Exception {
        ProcessBuilder builder = new ProcessBuilder(Jar.command(arguments.split(" ", -1))).redirectErrorStream(true);
        builder.environment().putAll(environment);

        Process process = builder.start();

        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isOne();
        assertThat(output).containsOnlyOnce(reason).doesNotContain("\tat ");
    }

    @Test
    void commandsPrintNothingButTheirAnswerToStandardOutput() throws Exception {
        Process process = new ProcessBuilder(Jar.asBuilt(
                        List.of(Jar.QUICK_START),
                        "inspect",
                        "src/main/resources/models/nuclei-unet-gn/1/model.pt",
                        "--json"))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();

        JsonNode answer = new JsonMapper().readTree(process.getInputStream().readAllBytes());

        assertThat(process.waitFor()).isZero();
        assertThat(answer.isObject()).isTrue();
    }
}
