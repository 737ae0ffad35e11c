package dev.gnserve.protocol;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.springframework.http.MediaType;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * An answer ready to be written: nothing in it can fail any more.
 *
 * @param binary the tensors behind the JSON, in its order
 */
record InferenceAnswer(InferResponse json, List<OutputTensor> binary) {

    private static final JsonMapper JSON =
            JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

    InferenceAnswer {
        binary = List.copyOf(binary);
        for (InferResponse.Output output : json.outputs()) {
            if (output.data() != null) {
                output.data().requireFinite();
            }
        }
    }

    static InferenceAnswer of(
            String model, String version, InferRequest request, WantedOutputs wanted, List<OutputTensor> tensors) {
        List<InferResponse.Output> outputs = new ArrayList<>();
        List<OutputTensor> binary = new ArrayList<>();
        for (OutputTensor tensor : tensors) {
            boolean isBinary = wanted.isBinary(tensor.name());
            outputs.add(InferResponse.Output.of(tensor, isBinary));
            if (isBinary) {
                binary.add(tensor);
            }
        }
        return new InferenceAnswer(new InferResponse(model, version, request.id(), outputs), binary);
    }

    void writeTo(HttpServletResponse response) throws IOException {
        OutputStream out = response.getOutputStream();
        if (binary.isEmpty()) {
            response.setContentType(MediaType.APPLICATION_JSON_VALUE);
            JSON.writeValue(out, json);
            return;
        }
        // The length of the JSON stands before it: tensors that are not binary are in memory as text here.
        byte[] head = JSON.writeValueAsBytes(json);
        long tensors = binary.stream().mapToLong(OutputTensor::bytes).sum();
        response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
        response.setHeader(RequestBody.HEADER_LENGTH, Integer.toString(head.length));
        response.setContentLengthLong(head.length + tensors);
        out.write(head);
        for (OutputTensor tensor : binary) {
            tensor.writeTo(out);
        }
    }
}
