package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The API document: what generated clients are made from. */
@RunningService
class OpenApiIT {

    private static final Path CHECKED_IN = Path.of("docs", "openapi.json");

    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    @LocalServerPort
    int port;

    /** To renew the document: {@code ./mvnw verify -Dit.test=OpenApiIT -Dopenapi.write=true}. */
    @Test
    void checkedInDocumentIsWhatTheServiceTells() throws IOException {
        JsonNode served = new ServiceClient(port).get("v3/api-docs").json();
        String text = JSON.writeValueAsString(served) + "\n";
        if (Boolean.getBoolean("openapi.write")) {
            Files.writeString(CHECKED_IN, text);
        }

        assertThat(text).isEqualTo(Files.readString(CHECKED_IN));
    }

    @Test
    void everyOperationHasAShortNameAndItsProblems() {
        JsonNode document = new ServiceClient(port).get("v3/api-docs").json();
        List<String> names = new ArrayList<>();
        for (JsonNode path : document.path("paths")) {
            for (JsonNode operation : path) {
                names.add(operation.path("operationId").asString());
            }
        }

        assertThat(names)
                .contains("listModels", "getModel", "segment", "detect")
                .doesNotHaveDuplicates();
        JsonNode segment =
                document.path("paths").path("/v1/models/{model}/segment").path("post");
        for (String status : List.of("400", "404", "409", "413", "415", "422", "429", "500", "503", "504")) {
            assertThat(segment.path("responses")
                            .path(status)
                            .path("content")
                            .path("application/problem+json")
                            .path("schema")
                            .path("$ref")
                            .asString())
                    .as(status)
                    .isEqualTo("#/components/schemas/Problem");
        }
        assertThat(segment.path("responses").path("200").path("content").propertyNames())
                .containsExactlyInAnyOrder(
                        "application/json", "image/png", "image/tiff", "application/gzip", "application/octet-stream");
        assertThat(document.path("components").path("schemas").propertyNames())
                .contains("SegmentationResponse", "SegmentedImage", "DetectionResponse", "DetectedImage", "Problem");
    }
}
