package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;

/** The service below a path, by its own setting or behind a proxy that takes a prefix away. */
@SpringBootTest(
        classes = GnserveApplication.class,
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "server.servlet.context-path=/gn",
            "server.forward-headers-strategy=framework",
            "gnserve.models=nuclei-unet-gn"
        })
class PrefixIT {

    @LocalServerPort
    private int port;

    @ParameterizedTest
    @CsvSource({"'', /gn", "/cells, /cells", "/cells/, /cells", "/a/b, /a/b"})
    void theApiDocumentNamesThePathThatClientsSee(String forwarded, String url) {
        ServiceClient client = new ServiceClient(port);
        var request = client.request("gn/v3/api-docs");
        if (!forwarded.isEmpty()) {
            request.header("X-Forwarded-Prefix", forwarded);
        }

        var servers = client.send(request).json().path("servers");

        assertThat(servers).hasSize(1);
        assertThat(servers.path(0).path("url").asString()).isEqualTo(url);
    }

    @Test
    void errorsBelowThePathHaveTheFormOfTheProtocol() {
        ServiceClient client = new ServiceClient(port);

        assertThat(client.get("gn/v2/nothing").json().path("error").asString()).contains("GET /gn/v3/api-docs");
        assertThat(client.get("gn/v2/models/none").json().has("error")).isTrue();
        assertThat(client.get("gn/v1/nothing").json().path("code").asString()).isEqualTo("NOT_FOUND");
    }
}
