package dev.gnserve.protocol;

import static dev.gnserve.protocol.RequestBodyTest.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.RawTensor;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorShape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletResponse;

/** Response bodies of the specification and the binary extension. */
class ResponseBodyTest {

    private static final OutputTensor OUT = new OutputTensor(
            "out", List.of(Tensor.of(new float[] {0.1f, -2}, 2), Tensor.of(new float[] {3e-10f, 4}, 2)));
    private static final OutputTensor AUX = new OutputTensor(
            "aux", List.of(raw(ElementType.INT64, -1, 7), raw(ElementType.INT64, Long.MIN_VALUE, Long.MAX_VALUE)));

    @Test
    void jsonHasEveryOutputFlatWithTheBatchAxisAndTheIdOfTheRequest() throws IOException {
        MockHttpServletResponse response = written("{\"id\": \"42\", \"inputs\": []}", OUT, AUX);

        assertThat(response.getContentType()).isEqualTo("application/json");
        assertThat(response.getHeader("Inference-Header-Content-Length")).isNull();
        assertThat(response.getContentAsString())
                .isEqualTo("{\"model_name\":\"m\",\"model_version\":\"3\",\"id\":\"42\",\"outputs\":["
                        + "{\"name\":\"out\",\"datatype\":\"FP32\",\"shape\":[2,2],\"data\":[0.1,-2.0,3.0E-10,4.0]},"
                        + "{\"name\":\"aux\",\"datatype\":\"INT64\",\"shape\":[2,2],"
                        + "\"data\":[-1,7,-9223372036854775808,9223372036854775807]}]}");
    }

    @Test
    void aRequestWithoutIdGetsNone() throws IOException {
        assertThat(written("{\"inputs\": []}", OUT, AUX).getContentAsString()).doesNotContain("\"id\"");
    }

    @Test
    void outputsAreInTheRequestedFormAndOrder() throws IOException {
        MockHttpServletResponse response = written(
                "{\"inputs\": [], \"parameters\": {\"binary_data_output\": true},"
                        + " \"outputs\": [{\"name\": \"aux\", \"parameters\": {\"binary_data\": false}}, {\"name\": \"out\"}]}",
                AUX,
                OUT);

        byte[] body = response.getContentAsByteArray();
        int head = Integer.parseInt(response.getHeader("Inference-Header-Content-Length"));
        ByteBuffer values = ByteBuffer.wrap(body, head, body.length - head).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(response.getContentType()).isEqualTo("application/octet-stream");
        assertThat(response.getContentLength()).isEqualTo(body.length);
        assertThat(new String(body, 0, head, java.nio.charset.StandardCharsets.UTF_8))
                .endsWith("\"outputs\":[{\"name\":\"aux\",\"datatype\":\"INT64\",\"shape\":[2,2],"
                        + "\"data\":[-1,7,-9223372036854775808,9223372036854775807]},{\"name\":\"out\",\"datatype\":"
                        + "\"FP32\",\"shape\":[2,2],\"parameters\":{\"binary_data_size\":16}}]}");
        assertThat(values.remaining()).isEqualTo(16);
        assertThat(values.getFloat()).isEqualTo(0.1f);
        assertThat(values.getFloat()).isEqualTo(-2);
        assertThat(values.getFloat()).isEqualTo(3e-10f);
    }

    @Test
    void binaryDataOfSeveralLargeOutputsFollowOneAnother() throws IOException {
        float[] many = new float[100_003];
        for (int i = 0; i < many.length; i++) {
            many[i] = i;
        }
        OutputTensor large = new OutputTensor("out", List.of(Tensor.of(many, many.length)));
        MockHttpServletResponse response =
                written("{\"inputs\": [], \"parameters\": {\"binary_data_output\": true}}", large, AUX);

        byte[] body = response.getContentAsByteArray();
        int head = Integer.parseInt(response.getHeader("Inference-Header-Content-Length"));
        ByteBuffer values = ByteBuffer.wrap(body, head, body.length - head).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(values.remaining()).isEqualTo(4 * many.length + 4 * 8);
        for (float value : many) {
            assertThat(values.getFloat()).isEqualTo(value);
        }
        assertThat(values.getLong()).isEqualTo(-1);
    }

    @Test
    void everyTypeIsWrittenInJson() throws IOException {
        String json = written(
                        "{\"inputs\": []}",
                        new OutputTensor("out", List.of(bytes(ElementType.BOOL, 1, 0))),
                        new OutputTensor("aux", List.of(bytes(ElementType.UINT8, 255, 1))))
                .getContentAsString();
        assertThat(json).contains("[true,false]").contains("[255,1]");
        String more = written(
                        "{\"inputs\": []}",
                        new OutputTensor("out", List.of(bytes(ElementType.FP16, 0x66, 0x2e))),
                        new OutputTensor("aux", List.of(bytes(ElementType.INT8, 255, 1))))
                .getContentAsString();
        assertThat(more).contains("[0.099975586]").contains("[-1,1]");
    }

    @Test
    void valuesThatJsonCannotHoldAreRefusedUnlessBinary() throws IOException {
        OutputTensor wild = new OutputTensor("out", List.of(Tensor.of(new float[] {1, Float.NaN}, 2)));
        OutputTensor half = new OutputTensor("out", List.of(bytes(ElementType.FP16, 0x00, 0x7c)));

        assertRefused(() -> written("{\"inputs\": []}", wild, AUX), "NaN, which JSON cannot hold");
        assertRefused(() -> written("{\"inputs\": []}", half, AUX), "Infinity");
        written("{\"inputs\": [], \"parameters\": {\"binary_data_output\": true}}", wild, AUX);
    }

    @Test
    void itemsOfUnequalShapeAreNotOneTensor() {
        assertRefused(
                () -> new OutputTensor("boxes", List.of(Tensor.of(new float[8], 2, 4), Tensor.of(new float[4], 1, 4))),
                "[2, 4] for one item of the batch and FP32 [1, 4] for another");
    }

    @Test
    void unknownOutputsAndDuplicatesAreRefused() {
        String request = "{\"inputs\": [], \"outputs\": [{\"name\": \"%s\"}, {\"name\": \"out\"}]}";

        assertRefused(
                () -> RequestedOutputs.of(Requests.json(request.formatted("x")).request(), Requests.MODEL),
                "no output \"x\"; it has [out, aux]");
        assertRefused(
                () -> RequestedOutputs.of(
                        Requests.json(request.formatted("out")).request(), Requests.MODEL),
                "twice");
    }

    private static MockHttpServletResponse written(String request, OutputTensor... outputs) throws IOException {
        InferRequest read = Requests.json(request).request();
        MockHttpServletResponse response = new MockHttpServletResponse();
        ResponseBody.of("m", "3", read, RequestedOutputs.of(read, Requests.MODEL), Arrays.asList(outputs))
                .writeTo(response);
        return response;
    }

    private static RawTensor raw(ElementType type, long... values) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asLongBuffer().put(values);
        return new RawTensor(type, TensorShape.of(values.length), bytes.array());
    }

    private static RawTensor bytes(ElementType type, int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return new RawTensor(type, TensorShape.of(values.length / type.bytes()), bytes);
    }
}
