package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.DictionaryFile;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.gnserve.Bounds;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any body of an inference request, with any header, is read as tensors of the model's types and shapes, or refused with
 * INVALID_REQUEST. An input of this test is the text of the header, a line feed, and the body.
 */
class ProtocolFuzzTest {

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "\n{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": [1, 2, 2, 2],"
                                + " \"data\": [1, 2.5, -3e2, 0, 1, 2, 3, 4]}]}",
                        "\n{\"id\": \"7\", \"parameters\": {\"timeout\": 500000, \"priority\": 1,"
                                + " \"binary_data_output\": true}, \"inputs\": [{\"name\": \"input\", \"datatype\": \"INT64\","
                                + " \"shape\": [2, 2, 2, 2], \"data\": [[[[1, 2], [3, 4]], [[1, 2], [3, 4]]],"
                                + " [[[1, 2], [3, 4]], [[1, 2], [3, 4]]]]}],"
                                + " \"outputs\": [{\"name\": \"aux\", \"parameters\": {\"binary_data\": false}}]}",
                        "\n{\"inputs\": [{\"name\": \"input\", \"datatype\": \"BOOL\", \"shape\": [1, 2, 2, 2],"
                                + " \"data\": [true, false, true, false, true, false, true, false]}]}",
                        "\n{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP16\", \"shape\": [1, 2, 2, 2],"
                                + " \"data\": [65504, -65504, 1e-8, 0, 1, 2, 3, 4]}]}",
                        "116\n{\"inputs\": [{\"name\": \"input\", \"datatype\": \"UINT8\", \"shape\": [1, 2, 2, 2],"
                                + " \"parameters\": {\"binary_data_size\": 8}}]}12345678",
                        "117\n{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": [1, 2, 2, 2],"
                                + " \"parameters\": {\"binary_data_size\": 32 }}]}" + "abcd".repeat(8))
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @DictionaryFile(resourcePath = "/dev/gnserve/protocol/protocol.dict")
    @MethodSource("seeds")
    @FuzzTest
    void bytesGiveTensorsOrAreRefused(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != '\n') {
            end++;
        }
        String header = end == 0 ? null : new String(bytes, 0, end, StandardCharsets.ISO_8859_1);
        byte[] body = Arrays.copyOfRange(bytes, Math.min(end + 1, bytes.length), bytes.length);
        Bounds.hold(() -> read(body, header));
    }

    private static void read(byte[] bytes, @Nullable String header) {
        try {
            RequestBody body = RequestBody.read(bytes, header);
            assertThat(RequestedOutputs.of(body.request(), Requests.MODEL)
                            .named()
                            .keySet())
                    .isSubsetOf("out", "aux");
            InputTensor input = InputTensor.of(body, Requests.MODEL);
            for (int i = 0; i < input.size(); i++) {
                assertThat(input.item(i).shape().size(0)).isEqualTo(2);
            }
        } catch (FailureException e) {
            assertThat(e.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST);
            assertThat(e.failure().detail()).isNotBlank().hasSizeLessThan(25_000);
        }
    }
}
