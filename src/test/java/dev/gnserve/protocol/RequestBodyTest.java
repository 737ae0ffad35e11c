package dev.gnserve.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Request bodies of the specification and the binary extension. */
class RequestBodyTest {

    private static final String FOUR_BYTES = """
            {"inputs": [{"name": "input", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]}""";

    /** The example of the specification. */
    @Test
    void theExampleOfTheSpecificationIsRead() {
        InferRequest request = Requests.json("""
                {
                  "id" : "42",
                  "inputs" : [
                    {"name" : "input0", "shape" : [ 2, 2 ], "datatype" : "UINT32", "data" : [ 1, 2, 3, 4 ]},
                    {"name" : "input1", "shape" : [ 3 ], "datatype" : "BOOL", "data" : [ true ]}
                  ],
                  "outputs" : [{"name" : "output0"}]
                }""").request();

        assertThat(request.id()).isEqualTo("42");
        assertThat(request.inputs()).extracting(InferRequest.Input::name).containsExactly("input0", "input1");
        assertThat(request.inputs().get(0).shape()).containsExactly(2L, 2L);
        assertThat(request.outputs()).extracting(InferRequest.Output::name).containsExactly("output0");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{'parameters': {'sequence_id': 5, 'sequence_start': true}, 'inputs': []}|parameters.sequence_id is not supported",
                "{'inputs': [], 'outputs': [{'name': 'a', 'parameters': {'classification': -1}}]}|classification is -1, allowed is 1 to 10,000",
                "{'inputs': [], 'outputs': [{'name': 'a', 'parameters': {'classification': 2147483647}}]}|classification is 2,147,483,647, allowed is 1 to 10,000",
                "{'inputs': [], 'outputs': [{'name': 'a', 'parameters': {'shared_memory_region': 'r'}}]}|shared_memory_region is not",
                "{'inputs': [{'name': 'a', 'parameters': {'shared_memory_region': 'r'}}]}|inputs[0].parameters.shared_memory_region is"
            },
            quoteCharacter = '`')
    void parametersThatWouldChangeTheResultAreRefusedByName(String json, String sentence) {
        assertThatThrownBy(() -> Requests.json(json.replace('\'', '"'))).hasMessageContaining(sentence);
    }

    @Test
    void parametersAreReadAndUnknownFieldsAreIgnored() {
        InferRequest request = Requests.json("""
                {"model_name": "mymodel", "parameters": {"timeout": 500000, "priority": 2, "binary_data_output": true,
                 "my_custom_parameter": 42}, "inputs": [], "outputs": [{"name": "a", "parameters": {"binary_data": false}}]}""").request();

        assertThat(request.parameters()).isEqualTo(new InferRequest.Parameters(500_000L, 2L, true, null));
        assertThat(request.outputs())
                .containsExactly(new InferRequest.Output("a", new InferRequest.OutputParameters(false, null, null)));
    }

    /** So say Triton's own clients. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "''"})
    void zeroMeansNoSequenceAndNoClassification(String none) {
        InferRequest request =
                Requests.json("""
                {'parameters': {'sequence_id': %s}, 'inputs': [], 'outputs': [{'name': 'a', 'parameters': {'classification': 0}}]}""".formatted(none).replace('\'', '"')).request();

        assertThat(request.parameters().sequenceId()).isNull();
        assertThat(request.outputs().get(0).parameters().classification()).isNull();
    }

    @Test
    void anEmptyBodyIsRefused() {
        assertRefused(() -> RequestBody.read(new byte[0], "0"), "is empty");
    }

    @ParameterizedTest
    @CsvSource({
        "-1, must be the length of the JSON",
        "1e2, must be the length of the JSON",
        "99999999999999999999, must be the length of the JSON",
        "1000000, at most the",
        "0, is not supported: send the JSON of an inference request before the data",
        "20, cannot be read"
    })
    void aWrongHeaderLengthIsRefused(String header, String message) {
        assertRefused(() -> Requests.withBinary(FOUR_BYTES, new byte[4], header), message);
    }

    @Test
    void aHeaderLengthThatIncludesBinaryDataIsRefused() {
        String longer = Integer.toString(FOUR_BYTES.length() + 2);

        assertRefused(() -> Requests.withBinary(FOUR_BYTES, new byte[] {'{', '}', 0, 0}, longer), "cannot be read");
    }

    @Test
    void binaryDataHaveTheSizeThatTheInputsDeclare() {
        assertThat(Requests.withBinary(FOUR_BYTES, new byte[4], null).binary(0).remaining())
                .isEqualTo(4);
        assertRefused(() -> Requests.withBinary(FOUR_BYTES, new byte[3], null), "only 3 bytes are left");
        assertRefused(() -> Requests.withBinary(FOUR_BYTES, new byte[5], null), "5 bytes after the JSON");
        assertRefused(() -> Requests.json(FOUR_BYTES), "only 0 bytes are left");
    }

    @Test
    void sizesThatOverflowTogetherAreRefused() {
        String huge = """
                {"inputs": [
                  {"name": "a", "shape": [1], "datatype": "INT8", "parameters": {"binary_data_size": 9223372036854775807}},
                  {"name": "b", "shape": [1], "datatype": "INT8", "parameters": {"binary_data_size": 9223372036854775807}}]}""";

        assertRefused(() -> Requests.withBinary(huge, new byte[2], null), "9,223,372,036,854,775,807");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "{",
                "42",
                "{}",
                "{\"inputs\": null}",
                "{\"inputs\": {}}",
                "{\"inputs\": [{}]}",
                "{\"inputs\": []} {}",
                "{\"inputs\": [], \"inputs\": []}",
                "{\"inputs\": [], \"id\": {}}",
                "{\"inputs\": [], \"parameters\": {\"timeout\": -1}}",
                "{\"inputs\": [], \"parameters\": {\"timeout\": 1.5}}",
                "{\"inputs\": [], \"parameters\": {\"timeout\": \"5\"}}",
                "{\"inputs\": [], \"parameters\": {\"priority\": 99999999999999999999}}",
                "{\"inputs\": [], \"outputs\": [{}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [1.5], \"data\": [1]}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [\"1\"], \"data\": [1]}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [36893488147419103232], \"data\": [1]}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": 1}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": {\"0\": 1}}]}",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": [1]",
                "{\"inputs\": [{\"name\": \"a\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": [NaN]}]}",
            })
    void aBodyThatIsNotAnInferenceRequestIsRefused(String json) {
        assertRefused(() -> Requests.json(json), "");
    }

    @Test
    void aRefusalNamesThePosition() {
        assertRefused(
                () -> Requests.json("{\"inputs\": [{\"name\": \"a\", \"datatype\": 1, \"shape\": [true]}]}"),
                "at inputs[0]");
        assertRefused(() -> Requests.input("FP32", "[1]", "[Infinity]"), "no NaN and no Infinity");
    }

    @Test
    void nestingAndStringsAreBounded() {
        assertRefused(() -> Requests.input("FP32", "[1]", "[".repeat(100_000)), "");
        assertRefused(() -> Requests.json("{\"inputs\": [], \"id\": \"" + "x".repeat(20_000) + "\"}"), "");
        assertRefused(() -> Requests.input("FP32", "[" + "1,".repeat(100_000) + "1]", "[1]"), "axes");
    }

    /** Data are found by their position in bytes, also after characters of several bytes, and in any order of members. */
    @Test
    void dataMayComeFirstAndAfterCharactersOfSeveralBytes() {
        RequestBody body = Requests.json("""
                {"id": "Zellkerne äöü 細胞 🔬", "inputs": [{"data": [[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]], "shape": [1, 2, 2, 2],
                 "name": "input", "datatype": "FP32"}]}""");

        assertThat(InputTensor.of(body, Requests.MODEL).item(0).floats()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    }

    @Test
    void otherEncodingsThanUtf8AreRefused() {
        byte[] utf16 = "{\"inputs\": [{\"name\": \"input\", \"datatype\": \"FP32\", \"shape\": [1], \"data\": [1]}]}"
                .getBytes(StandardCharsets.UTF_16BE);

        assertRefused(() -> RequestBody.read(utf16, null), "UTF-8");
    }

    static void assertRefused(ThrowingCallable request, String message) {
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        FailureException.class,
                        thrown -> assertThat(thrown.failure().code()).isEqualTo(FailureCode.INVALID_REQUEST))
                .hasMessageContaining(message)
                .message()
                .as("names of Java classes mean nothing to a client")
                .doesNotContain("dev.gnserve", "java.");
    }
}
