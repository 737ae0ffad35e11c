package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** Pages of files that have several, over HTTP. */
@RunningService
class PicturesIT {

    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment?masks=none";

    @LocalServerPort
    int port;

    @Autowired
    ModelRepository models;

    ServiceClient client;

    @BeforeAll
    void awaitModels() {
        client = new ServiceClient(port);
        models.loaded().join();
    }

    @ParameterizedTest
    @CsvSource({"'', 1", "&page=1, 1", "&page=2, 2"})
    void theAnswerSaysWhichPageOfHowManyWasUsed(String parameter, int page) throws IOException {
        JsonNode image = first(client.post(SEGMENT + parameter, golden("pages.tif")));

        assertThat(image.path("page").path("number").asInt()).isEqualTo(page);
        assertThat(image.path("page").path("of").asInt()).isEqualTo(2);
    }

    @Test
    void anAnimationSaysThatItHasMoreFrames() throws IOException {
        JsonNode image = first(client.post(SEGMENT, golden("animated.gif")));

        assertThat(image.path("page").path("number").asInt()).isOne();
        assertThat(image.path("page").path("of").asInt()).isEqualTo(2);
    }

    @Test
    void aFileOfOnePageSaysNothingOfPages() throws IOException {
        assertThat(first(client.post(SEGMENT, golden("lzw.tif"))).has("page")).isFalse();
    }

    @Test
    void aPictureNamesThePageInAHeader() throws IOException {
        Answer answer = client.send(client.request(SEGMENT + "&page=2")
                .header("Content-Type", "image/tiff")
                .header("Accept", "image/png")
                .POST(BodyPublishers.ofByteArray(golden("pages.tif"))));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.response().headers().firstValue("X-Image-Page")).contains("2/2");
    }

    @Test
    void verificationUsesThePageToo() throws IOException {
        JsonNode proof = client.post("v1/models/nuclei-unet-gn/verify?batch=0&page=2", golden("pages.tif"))
                .json();

        assertThat(proof.path("page").path("number").asInt()).isEqualTo(2);
        assertThat(proof.path("verdict").asString()).isEqualTo("PASS");
    }

    @ParameterizedTest
    @CsvSource({
        "pages.tif, 3, 'has 2 pages, and page 3 is wanted'",
        "lzw.tif, 2, 'has 1 page, and page 2 is wanted'",
        "animated.gif, 2, 'of which the first is read'",
        "rgb.png, 2, 'of which the first is read'",
        "pages.tif, 0, 'between 1 and 65536'",
        "pages.tif, x, 'page'"
    })
    void aPageThatIsNotThereIsRefused(String file, String page, String words) throws IOException {
        Answer answer = client.post(SEGMENT + "&page=" + page, golden(file));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
        assertThat(answer.json().path("detail").asString()).contains(words);
    }

    private static JsonNode first(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json().path("images").path(0);
    }

    private static byte[] golden(String name) throws IOException {
        try (InputStream in = PicturesIT.class.getResourceAsStream("/golden/images/" + name)) {
            return Objects.requireNonNull(in).readAllBytes();
        }
    }
}
