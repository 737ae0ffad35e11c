package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.gnserve.model.ModelRepository;
import gnserve.client.ApiClient;
import gnserve.client.api.InferenceApi;
import gnserve.client.api.InferenceApi.DetectRequest;
import gnserve.client.api.InferenceApi.SegmentRequest;
import gnserve.client.model.DetectedObject;
import gnserve.client.model.DetectionResponse;
import gnserve.client.model.Problem;
import gnserve.client.model.SegmentationResponse;
import gnserve.client.model.SegmentedObject;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.io.FileSystemResource;
import org.springframework.core.io.Resource;
import org.springframework.web.client.RestClientResponseException;
import org.w3c.dom.Document;
import org.w3c.dom.Node;
import org.xml.sax.InputSource;
import org.xmlunit.builder.DiffBuilder;

/** What README and the documents for users show of clients is what runs against the service. */
@RunningService
class ReadmeIT {

    private static final String CLIENTS = read("docs/clients.md");
    private static final List<String> DOCUMENTS = List.of(
            read("README.md"), CLIENTS, read("docs/protocol.md"), read("docs/models.md"), read("docs/verification.md"));
    private static final Pattern CODE_BLOCK = Pattern.compile("(?m)(^ {4}.*\n)+");
    private static final String PLUGIN = "//plugin[artifactId='openapi-generator-maven-plugin']/";

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @BeforeAll
    void awaitModels() {
        repository.loaded().join();
    }

    @Test
    void pluginIsConfiguredAsInThisBuild() throws Exception {
        Document ours = xml(read("pom.xml"));
        Document shown = xml(blocks(CLIENTS, "<plugin>").get(0));

        assertThat(text(shown, PLUGIN + "version"))
                .isEqualTo(text(ours, "/project/properties/openapi-generator.version"));
        assertThat(DiffBuilder.compare(node(ours, PLUGIN + "configuration"))
                        .withTest(node(shown, PLUGIN + "configuration"))
                        .ignoreComments()
                        .ignoreWhitespace()
                        .build()
                        .fullDescription())
                .isEqualTo("[identical]");
    }

    /** docs/clients.md has the lines between the tags, word for word. */
    @Test
    @ExtendWith(OutputCaptureExtension.class)
    void javaClientFindsAndIsRefused(CapturedOutput output) {
        String service = "http://localhost:" + port;
        // tag::client[]
        InferenceApi inference = new InferenceApi(new ApiClient().setBasePath(service));
        Resource nuclei = new FileSystemResource("src/main/resources/samples/nuclei/fluorescence-256.png");
        Resource blood = new FileSystemResource("src/main/resources/samples/bloodcells/BloodImage_00271.jpg");
        SegmentationResponse segmented =
                inference.segment(new SegmentRequest().model("nuclei-unet-gn").image(List.of(nuclei)));
        for (SegmentedObject nucleus : segmented.getImages().get(0).getObjects()) {
            System.out.println(nucleus.getLabel() + " " + nucleus.getScore());
        }
        DetectionResponse detected =
                inference.detect(new DetectRequest().model("bloodcell-fcos-gn").image(List.of(blood)));
        for (DetectedObject cell : detected.getImages().get(0).getDetections()) {
            System.out.println(cell.getLabel() + " " + cell.getScore());
        }
        try {
            inference.detect(new DetectRequest().model("nuclei-unet-gn").image(List.of(nuclei)));
        } catch (RestClientResponseException refused) {
            Problem problem = refused.getResponseBodyAs(Problem.class);
            System.out.println(problem.getCode() + ": " + problem.getDetail()); // WRONG_TASK: ...
        }
        // end::client[]

        assertThat(output).contains("nucleus 0.", "RBC 0.", "WRONG_TASK: ");
        String source = read("src/test/java/dev/gnserve/ReadmeIT.java");
        String compiled = source.replaceAll("(?s).*// tag::client\\[]\n(.*?) +// end::client.*", "$1");
        assertThat(blocks(CLIENTS, "InferenceApi"))
                .containsExactly(compiled.stripTrailing().stripIndent());
    }

    @Test
    void pythonClientPrintsBoxes() throws Exception {
        assertThat(run("python3", "-c", blocks(CLIENTS, "import json").get(0))).contains("'x': ");
    }

    /** All that ask the embedded models about the samples; a model of one's own is {@link FiveLinesIT}'s. */
    @ParameterizedTest
    @MethodSource("curls")
    void curlGetsAnAnswer(String command, @TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve(".curlrc"), "fail\nsilent\nshow-error\n");

        assertThat(run("sh", "-c", "export CURL_HOME=" + folder + "\n" + command))
                .contains("{");
    }

    static List<String> curls() {
        List<String> curls = DOCUMENTS.stream()
                .flatMap(document -> blocks(document, "curl").stream())
                .filter(block -> !block.contains("/mine/"))
                .toList();
        assertThat(curls).hasSizeGreaterThanOrEqualTo(4);
        return curls;
    }

    private String run(String... command) throws Exception {
        command[command.length - 1] = command[command.length - 1].replace("localhost:8080", "localhost:" + port);
        assumeTrue(new ProcessBuilder("which", command[0]).start().waitFor() == 0, "no " + command[0] + " here");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        return printed;
    }

    private static List<String> blocks(String document, String beginning) {
        return CODE_BLOCK
                .matcher(document)
                .results()
                .map(match -> match.group().stripTrailing().stripIndent())
                .filter(block -> block.startsWith(beginning))
                .toList();
    }

    private static Document xml(String text) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(text)));
    }

    private static Node node(Document document, String path) throws Exception {
        return (Node) XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODE);
    }

    private static String text(Document document, String path) throws Exception {
        return node(document, path).getTextContent();
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
