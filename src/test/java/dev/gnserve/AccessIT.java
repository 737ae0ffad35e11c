package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.util.ServletRequestPathUtils;
import tools.jackson.databind.JsonNode;

/** The service with API keys, and models that come and go while it runs. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "gnserve.access.api-keys=" + AccessIT.USER + ",another-key-0123456789",
            "gnserve.access.admin-keys=" + AccessIT.ADMIN,
            "gnserve.repository.enabled=true"
        })
@ExtendWith(OutputCaptureExtension.class)
class AccessIT {

    static final String USER = "user-key-0123456789";
    static final String ADMIN = "admin-key-0123456789";
    private static final String CLASSIFY = "v1/models/cells/classify";

    @TempDir
    private static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ModelRepository repository;

    @Autowired
    @Qualifier("requestMappingHandlerMapping")
    private RequestMappingHandlerMapping handlers;

    private ServiceClient client;

    @DynamicPropertySource
    static void models(DynamicPropertyRegistry properties) {
        properties.add("gnserve.models-dir", () -> models);
    }

    @BeforeEach
    void awaitModels() {
        client = new ServiceClient(port);
        repository.loaded().join();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "v1/models",
                "v1/models/nuclei-unet-gn",
                "v1/models;a=b/nuclei-unet-gn",
                "v1//models",
                "%76%31/models",
                "v1/models/nuclei-unet-gn/layers",
                "v1/./models",
                "v2",
                "v2/models/nuclei-unet-gn",
                "v2/models/nuclei-unet-gn/ready",
                "v2//models/nuclei-unet-gn"
            })
    void withoutAKeyNothingIsAnsweredHoweverThePathIsWritten(String path) {
        Answer answer = client.get(path);

        assertThat(answer.status()).as(answer.text()).isNotEqualTo(200).isLessThan(500);
        assertThat(answer.text()).doesNotContain("segmentation", "gnserve\",", "ready\":");
    }

    @Test
    void aKeyOpensInferenceAndAWrongOneDoesNot(CapturedOutput output) {
        double before = client.meter("gnserve_requests_total", "UNAUTHENTICATED");
        Answer none = client.get("v1/models");
        Answer wrong = client.send(client.request("v1/models").header("X-API-Key", "guess-0123456789abc"));

        assertThat(none.status()).isEqualTo(401);
        assertThat(none.contentType()).isEqualTo("application/problem+json");
        assertThat(none.json().path("code").asString()).isEqualTo("UNAUTHENTICATED");
        assertThat(none.response().headers().firstValue("WWW-Authenticate")).hasValue("Bearer");
        assertThat(wrong.status()).isEqualTo(401);
        assertThat(client.meter("gnserve_requests_total", "UNAUTHENTICATED") - before)
                .isEqualTo(2);
        for (String key : new String[] {USER, "another-key-0123456789", ADMIN}) {
            assertThat(client.send(client.request("v1/models").header("X-API-Key", key))
                            .status())
                    .isEqualTo(200);
            assertThat(client.send(client.request("v1/models").header("Authorization", "Bearer " + key))
                            .status())
                    .isEqualTo(200);
        }
        assertThat(output.getAll()).doesNotContain(USER, ADMIN, "guess-0123456789abc");
    }

    /** A browser asks so before it sends a page's request to another origin. */
    @Test
    void aPreflightWithoutAKeyIsRefusedLikeAnyRequest() throws Exception {
        String answer;
        try (Socket socket = new Socket("localhost", port)) {
            // The JDK's client sends no Origin of its callers.
            socket.getOutputStream()
                    .write(String.join(
                                    "\r\n",
                                    "OPTIONS /v1/models HTTP/1.1",
                                    "Host: localhost",
                                    "Origin: http://elsewhere",
                                    "Access-Control-Request-Method: GET",
                                    "Connection: close",
                                    "",
                                    "")
                            .getBytes(StandardCharsets.US_ASCII));
            answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }

        assertThat(answer).startsWith("HTTP/1.1 401").contains("\"code\":\"UNAUTHENTICATED\"");
    }

    /** Who has no key hears of that alone, and not whether a model is full. */
    @Test
    void keysAreLookedAtBeforeThereIsTalkOfRoom() throws Exception {
        MockHttpServletRequest request = new MockHttpServletRequest("POST", "/v1/models/nuclei-unet-gn/segment");
        request.setContentType("image/png");
        ServletRequestPathUtils.parseAndCache(request);

        assertThat(handlers.getHandler(request).getInterceptorList())
                .extracting(interceptor -> interceptor.getClass().getSimpleName())
                .containsSubsequence("Shutdown", "KeyCheck", "Admission");
    }

    @Test
    void healthMetricsAndTheDocumentAreOpenAndHeadersAreSafe() {
        for (String path : new String[] {
            "actuator/health/liveness",
            "actuator/health/readiness",
            "livez",
            "readyz",
            "v2/health/live",
            "v2/health/ready",
            "actuator/prometheus",
            "v3/api-docs",
            ""
        }) {
            Answer answer = client.get(path);
            assertThat(answer.status()).as(path).isEqualTo(200);
            assertThat(answer.response().headers().firstValue("X-Content-Type-Options"))
                    .hasValue("nosniff");
            assertThat(answer.response().headers().firstValue("X-Frame-Options"))
                    .hasValue("DENY");
            assertThat(answer.response().headers().firstValue("Content-Security-Policy"))
                    .hasValueSatisfying(policy -> assertThat(policy)
                            .contains("default-src 'none'", "frame-ancestors 'none'")
                            .doesNotContain("unsafe"));
            assertThat(answer.response().headers().firstValue("Referrer-Policy"))
                    .hasValue("no-referrer");
        }
    }

    @Test
    void onlyAnAdminKeyLoadsAndUnloads() {
        assertThat(client.send(repository("index", null)).status()).isEqualTo(401);
        assertThat(client.send(repository("index", USER)).status()).isEqualTo(401);
        assertThat(client.send(repository("models/nuclei-unet-gn/unload", USER)).status())
                .isEqualTo(401);
        Answer index = client.send(repository("index", ADMIN));

        assertThat(index.status()).isEqualTo(200);
        assertThat(index.json().findValuesAsString("name")).contains("nuclei-unet-gn");
        assertThat(index.json().findValuesAsString("state")).contains("READY");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "null", "{\"ready\":null}", "{\"ready\":false}", "{\"unknown\":1}"})
    void theIndexNeedsNoBody(String body) {
        Answer index = client.send(
                client.request("v2/repository/index").header("X-API-Key", ADMIN).POST(BodyPublishers.ofString(body)));

        assertThat(index.status()).as(index.text()).isEqualTo(200);
        assertThat(index.json().findValuesAsString("name")).contains("nuclei-unet-gn");
    }

    @Test
    void whatARepositoryDoesNotSupportIsNamed() {
        Answer config = client.send(client.request("v2/repository/models/nuclei-unet-gn/load")
                .header("X-API-Key", ADMIN)
                .POST(BodyPublishers.ofString("{\"parameters\":{\"config\":\"{}\"}}")));
        Answer metadata = client.send(client.request("v2").header("X-API-Key", USER));

        assertThat(config.status()).isEqualTo(400);
        assertThat(config.text()).contains("'config' is not supported");
        assertThat(metadata.json().path("extensions").valueStream().map(JsonNode::asString))
                .contains("model_repository");
    }

    @Test
    void aFolderThatIsNoModelIsNamedWhenItIsAskedFor() throws Exception {
        Files.createDirectories(models.resolve("misnamed"));
        Files.writeString(models.resolve("misnamed/model.yml"), "task: classification");

        Answer answer = client.send(repository("models/misnamed/load", ADMIN));

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.text()).contains("it has model.yml, expected is model.yaml");
    }

    @Test
    void aKeyOfTheWrongKindIsToldWhichIsNeeded() {
        assertThat(client.send(repository("index", null)).text()).contains("needs an admin key");
        assertThat(client.send(repository("index", USER)).text()).contains("not an admin key");
        assertThat(client.get("v1/models").text()).contains("needs an API key");
    }

    @Test
    void aModelIsPutThereServedReplacedAndUnloadedWhileTheServiceRuns() throws Exception {
        assertThat(client.send(repository("models/cells/load", ADMIN)).status()).isEqualTo(404);
        put("1", "/models/classifier-traced.pt");
        double before = client.meter("gnserve_engine_arrays");

        Answer loaded = client.send(repository("models/cells/load", ADMIN));

        assertThat(loaded.status()).as(loaded.text()).isEqualTo(200);
        assertThat(classify().path("version").asString()).isEqualTo("1");
        assertThat(client.meter("gnserve_model_state", "cells", "ready")).isEqualTo(1);
        put("2", "/models/coarse-scripted.pt");
        Answer broken = client.send(repository("models/cells/load", ADMIN));
        assertThat(broken.status()).isEqualTo(503);
        assertThat(broken.text()).contains("2=").contains("what served before goes on");
        assertThat(classify().path("version").asString()).isEqualTo("1");
        put("2", "/models/classifier-traced.pt");
        assertThat(client.send(repository("models/cells/load", ADMIN)).status()).isEqualTo(200);
        assertThat(classify().path("version").asString()).isEqualTo("2");

        assertThat(client.send(repository("models/cells/unload", ADMIN)).status())
                .isEqualTo(200);
        assertThat(client.meter("gnserve_engine_arrays")).isEqualTo(before);
        assertThat(client.meter("gnserve_model_state", "cells", "unloaded")).isEqualTo(2);
        assertThat(client.get("actuator/health/readiness").status()).isEqualTo(200);
    }

    private JsonNode classify() {
        Answer answer = client.send(client.request(CLASSIFY)
                .header("X-API-Key", USER)
                .header("Content-Type", "image/png")
                .POST(BodyPublishers.ofByteArray(Samples.png("fluorescence-256"))));
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json();
    }

    private HttpRequest.Builder repository(String what, String key) {
        HttpRequest.Builder request = client.request("v2/repository/" + what).POST(BodyPublishers.noBody());
        return key == null ? request : request.header("Authorization", "Bearer " + key);
    }

    private static void put(String version, String archive) throws Exception {
        new ModelsFolder(models).put("cells", version, archive, "task: classification\nlabels: [a, b, c, d]\n");
    }
}
