package dev.gnserve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.ServiceClient.Answer;
import dev.gnserve.model.ModelRepository;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** A request that is refused is refused with its true reason and with what to send instead. */
@RunningService
class RequestFaultsIT {

    private static final String SEGMENT = "v1/models/nuclei-unet-gn/segment";
    private static final byte[] IMAGE = Samples.png("fluorescence-256");

    @LocalServerPort
    private int port;

    private ServiceClient client;

    @BeforeAll
    void awaitModels(@Autowired ModelRepository models) {
        models.loaded().join();
        client = new ServiceClient(port);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/x-www-form-urlencoded",
                "binary/octet-stream",
                "text/plain",
                "application/json",
                "multipart/mixed; boundary=X"
            })
    void aMediaTypeThatIsNotTakenIsNamedWithThoseThatAre(String type) {
        Answer answer = posted(type, IMAGE);

        assertThat(answer.status()).isEqualTo(415);
        assertThat(detail(answer))
                .startsWith("The Content-Type is " + type + ", which this operation does not take.")
                .contains("image/png", "application/octet-stream", "-F image=@cells.png");
    }

    @ParameterizedTest
    @CsvSource({"png, does not contain '/'", "image/png;charset=none-such, unsupported charset", "image/, empty"})
    void aContentTypeThatIsNoMediaTypeIsNamedWithTheReason(String type, String reason) {
        Answer answer = posted(type, IMAGE);

        assertThat(answer.status()).isEqualTo(415);
        assertThat(detail(answer)).contains("'" + type + "' is not a media type", "image/png");
        assertThat(detail(answer)).contains(reason.equals("empty") ? "media type" : reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"image/jpg", "image/x-png", "image/png; charset=utf-8", "IMAGE/PNG", "Application/Octet-Stream"})
    void theContentDecidesWhateverKindOfImageIsDeclared(String type) {
        assertThat(posted(type, IMAGE).pixels()).isPositive();
    }

    @Test
    void linesThatEndWithLineFeedAloneAreNamed() {
        byte[] body =
                bytes("--XX\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\n\n", IMAGE, "\n--XX--\n");
        byte[] headersOnly = bytes(
                "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\n\n", IMAGE, "\r\n--XX--\r\n");

        assertThat(detail(refused(multipart("XX", body))))
                .isEqualTo("The lines of the multipart body end with LF alone. End them with CR LF (RFC 2046).");
        assertThat(detail(refused(multipart("XX", headersOnly)))).contains("end with LF alone");
        assertThat(detail(refused(multipart(
                        "XX",
                        "--XX\rContent-Disposition: form-data\r\rabc\r--XX--\r".getBytes(StandardCharsets.UTF_8)))))
                .contains("end with CR alone");
    }

    @Test
    void aPartWithALongNameIsStillRefusedForItsName() {
        byte[] body = bytes(part("image", "a".repeat(5_000)), IMAGE, "\r\n--XX--\r\n");

        assertThat(detail(refused(multipart("XX", body)))).contains("Give its file a shorter name");
    }

    @Test
    void anotherBoundaryAndAMissingEndAreNamed() {
        byte[] body = bytes(part("image", "a"), IMAGE, "\r\n--XX--\r\n");
        byte[] withoutEnd = bytes(part("image", "a"), IMAGE);

        assertThat(multipart("\"XX\"", body).pixels()).isPositive();
        assertThat(detail(refused(multipart("YY", body)))).contains("begins with '--XX'", "must begin with '--YY'");
        assertThat(detail(refused(posted("multipart/form-data", body))))
                .startsWith("The Content-Type has no boundary.");
        assertThat(detail(refused(multipart("XX", withoutEnd)))).contains("ends before its last boundary, '--XX--'");
    }

    /** A PNG begins with line ends that would be wrong in a multipart body. */
    @Test
    void aBodyThatIsNoMultipartIsShownAsItIs() {
        assertThat(detail(refused(multipart("XX", IMAGE)))).contains("begins with '?PNG'", "must begin with '--XX'");
        assertThat(detail(refused(multipart("XX", bytes("{\"image\": 1}"))))).contains("begins with '{\"image\": 1}'");
        assertThat(detail(refused(multipart("XX", new byte[0])))).contains("is empty");
        assertThat(multipart("XX", bytes("a preamble\r\n", part("image", "a"), IMAGE, "\r\n--XX--\r\n"))
                        .pixels())
                .isPositive();
    }

    @Test
    void aFileNameThatCannotBeReadIsNamed() {
        String part = "--XX\r\nContent-Disposition: form-data; name=\"image\"; filename*=klingon''a.png\r\n\r\n";

        assertThat(detail(refused(multipart("XX", bytes(part, IMAGE, "\r\n--XX--\r\n")))))
                .contains("The file name of a part cannot be read: klingon", "UTF-8");
    }

    @Test
    void partsWithAnotherNameOrEncodingAreNamed() {
        byte[] file = bytes(part("file", "a"), IMAGE, "\r\n--XX--\r\n");
        byte[] base64 = bytes(
                part("image", "a").replace("\r\n\r\n", "\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
                "iVBORw0KGgo=\r\n--XX--\r\n");

        assertThat(detail(refused(multipart("XX", file)))).contains("its parts are named 'file'");
        assertThat(detail(refused(multipart("XX", base64)))).contains("Content-Transfer-Encoding base64");
    }

    @Test
    void aLongFileNameIsCutBetweenCharacters() {
        byte[] body = bytes(part("image", "a".repeat(254) + "\ud83d\ude00.png"), IMAGE, "\r\n--XX--\r\n");

        String name =
                multipart("XX", body).json().path("images").path(0).path("name").asString();

        assertThat(name).isEqualTo("a".repeat(254));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "treshold=0.5|There is no query parameter 'treshold'. Did you mean 'threshold'?",
                "Threshold=0.5|Did you mean 'threshold'?",
                "mask=rle|Did you mean 'masks'?",
                "nonsense=1|There is no query parameter 'nonsense'. This operation has version, threshold, masks, objects, render, page, format, content, array.",
                "threshold=0.5&threshold=0.9|The parameter 'threshold' is in the query more than once."
            })
    void aQueryParameterThatWouldBeIgnoredIsRefused(String query, String sentence) {
        Answer answer = client.post(SEGMENT + "?" + query, IMAGE);

        assertThat(detail(refused(answer))).contains(sentence);
    }

    @Test
    void operationsWithoutParametersAndTheProtocol() {
        assertThat(detail(refused(client.get("v1/models?page=2")))).contains("this operation has none");
        assertThat(client.get("v2?page=2").status()).isEqualTo(200);
        assertThat(client.get("v1/models?").status()).isEqualTo(200);
    }

    @Test
    void numbersThatAreNotWholeAreRefusedAsSuch() {
        assertThat(detail(refused(client.post("v1/models/bloodcell-fcos-gn/detect?maxDetections=1.5", IMAGE))))
                .contains("'1.5'", "a whole number");
    }

    @Test
    void aSlashTooManyIsNamed() {
        assertThat(detail(client.get("v1/models/"))).contains("Leave out the slash at the end.");
        assertThat(client.get("v2/health/ready/").text()).contains("Leave out the slash at the end.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"index", "models/nuclei-unet-gn/load", "models/nuclei-unet-gn/unload"})
    void administrationThatIsOffSaysSoAndAsksForNoKey(String path) {
        for (String key : new String[] {"", "some-key"}) {
            Answer answer = client.send(client.request("v2/repository/" + path)
                    .header("X-API-Key", key)
                    .POST(BodyPublishers.noBody()));

            assertThat(answer.status()).isEqualTo(403);
            assertThat(answer.json().path("error").asString()).contains("is off", "gnserve.repository.enabled");
        }
    }

    @Test
    void smallAnswersHaveALengthAndErrorsOfTheProtocolAreNeverCompressed() {
        for (String path :
                new String[] {"v2/models/none", "v2/models/" + "n".repeat(2_000), "v2/health/ready", "v1/models/none"
                }) {
            HttpRequest.Builder request = client.request(path).header("Accept-Encoding", "gzip, deflate");
            Answer answer = client.send(request);

            assertThat(answer.response().headers().firstValue("Content-Length"))
                    .as(path)
                    .hasValue(Integer.toString(answer.response().body().length));
            assertThat(answer.text()).startsWith("{");
        }
    }

    @Test
    void longMetadataOfTheProtocolAreNotCompressedAndLongResultsAre() {
        assertThat(encoding(client.request("v2/models/" + "n".repeat(2_000)))).isEqualTo("none");
        assertThat(encoding(client.request("v2/models/nuclei-unet-gn/infer")
                        .POST(BodyPublishers.ofString(
                                "{\"inputs\":[{\"name\":\"input\",\"datatype\":\"FP32\",\"shape\":[1,3,16,16],\"data\":["
                                        + "0.5,".repeat(767) + "0.5]}]}"))))
                .isEqualTo("gzip");
    }

    private String encoding(HttpRequest.Builder request) {
        Answer answer = client.send(request.header("Accept-Encoding", "gzip"));
        return answer.response().headers().firstValue("Content-Encoding").orElse("none");
    }

    private Answer posted(String type, byte[] body) {
        return client.send(client.request(SEGMENT).header("Content-Type", type).POST(BodyPublishers.ofByteArray(body)));
    }

    private Answer multipart(String boundary, byte[] body) {
        return posted("multipart/form-data; boundary=" + boundary, body);
    }

    private static String part(String name, String file) {
        return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file + "\"\r\n\r\n";
    }

    private static Answer refused(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        return answer;
    }

    private static String detail(Answer answer) {
        return answer.json().path("detail").asString();
    }

    private static byte[] bytes(Object... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (Object part : parts) {
            all.writeBytes(part instanceof byte[] raw ? raw : part.toString().getBytes(StandardCharsets.UTF_8));
        }
        return all.toByteArray();
    }
}
