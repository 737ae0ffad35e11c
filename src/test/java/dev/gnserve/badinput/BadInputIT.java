package dev.gnserve.badinput;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.GnserveApplication;
import dev.gnserve.ServiceClient;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.pipeline.PixelBudget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Whatever a client does wrong, it gets one answer that says so, the log a line at most, and others their results. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.limits.max-upload-size=4MB",
            "gnserve.limits.max-upload-time=3s",
            "gnserve.limits.max-pixels=1000000",
            "server.tomcat.connection-timeout=1s"
        })
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(OutputCaptureExtension.class)
class BadInputIT {

    private static final Path DOCUMENT = Path.of("docs/reliability.md");
    private static final Pattern TABLE = Pattern.compile(
            "(<!-- held true by BadInputIT -->\n).*(<!-- end of what BadInputIT holds -->\n)", Pattern.DOTALL);
    private static final JsonMapper JSON = new JsonMapper();

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository models;

    @Autowired
    private PixelBudget budget;

    private ServiceClient client;
    private String goodResult;

    @BeforeAll
    void awaitModels() {
        models.loaded().join();
        client = new ServiceClient(port);
        goodResult = result();
    }

    static List<BadInput> all() {
        return BadInput.all().toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void everyBadInputHasOneAnswerAndHarmsNobodyElse(BadInput input, CapturedOutput log) {
        int logged = log.getAll().length();

        RawHttp.Answer answer = RawHttp.send(port, input.request(), input.then());

        assertThat(told(answer)).as(answer.text()).isEqualTo(input.answer());
        assertThat(answer.text()).doesNotContain("\tat ", "\\tat ", "<html");
        assertThat(log.getAll().substring(logged).lines().filter(line -> !line.isBlank()))
                .as("the log")
                .hasSizeLessThanOrEqualTo(1)
                .noneMatch(line -> line.contains(" ERROR "));
        budget.take(budget.total()).close();
        assertThat(result()).isEqualTo(goodResult);
    }

    /** Regenerate with -Dreliability.write=true. */
    @Test
    void theTableInTheDocumentIsWhatWasTried() throws IOException {
        String document = Files.readString(DOCUMENT);
        Matcher place = TABLE.matcher(document);
        assertThat(place.find()).isTrue();
        String current =
                place.replaceFirst(found -> Matcher.quoteReplacement(found.group(1) + table() + found.group(2)));

        if (Boolean.getBoolean("reliability.write")) {
            Files.writeString(DOCUMENT, current);
        }

        assertThat(document).isEqualTo(current);
    }

    @AfterAll
    void nothingIsLeftBehind() {
        assertThat(client.meter("gnserve_queue_depth")).isZero();
        assertThat(client.meter("gnserve_engine_arrays")).isZero();
        assertThat(client.meter("gnserve_requests_total", "ENGINE_FAULT")).isZero();
    }

    private String result() {
        JsonNode image = client.post(BadInput.SEGMENT.substring(1), BadInput.GOOD)
                .json()
                .path("images")
                .path(0);
        assertThat(image.path("classes").isEmpty()).isFalse();
        return image.path("classes") + " " + image.path("objects");
    }

    /** In the words of the table. */
    private static String told(RawHttp.Answer answer) {
        if (answer.statuses().isEmpty()) {
            return BadInput.CLOSED;
        }
        List<String> told = new ArrayList<>();
        answer.statuses().forEach(status -> told.add(String.valueOf(status)));
        int last = told.size() - 1;
        if (answer.statuses().get(last) >= 400) {
            told.set(last, told.get(last) + " " + code(answer));
        }
        return String.join(", then ", told);
    }

    private static String code(RawHttp.Answer answer) {
        String body = answer.body();
        JsonNode problem = JSON.readTree(body.substring(body.indexOf('{'), body.lastIndexOf('}') + 1));
        if (problem.has("error")) {
            assertThat(problem.path("error").asString()).isNotBlank();
            return "error";
        }
        assertThat(answer.text()).containsIgnoringCase("Content-Type: application/problem+json");
        assertThat(problem.path("status").asInt())
                .isEqualTo(answer.statuses().get(answer.statuses().size() - 1));
        assertThat(problem.path("detail").asString()).isNotBlank();
        assertThat(problem.path("requestId").asString()).isNotBlank();
        return problem.path("code").asString();
    }

    private static String table() {
        StringBuilder table = new StringBuilder();
        String group = "";
        for (BadInput input : all()) {
            if (!input.group().equals(group)) {
                group = input.group();
                table.append("\n| %s | answer |\n| --- | --- |\n".formatted(group));
            }
            String answer = input.answer()
                    .lines()
                    .map(line -> line.replaceAll("([A-Z]+_[A-Z_]+)", "`$1`"))
                    .collect(Collectors.joining());
            table.append("| %s | %s |\n".formatted(input.tried(), answer));
        }
        return table.append('\n').toString();
    }
}
