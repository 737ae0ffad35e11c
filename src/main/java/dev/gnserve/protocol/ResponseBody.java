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
 * The body of a response to an inference request: JSON, and the binary data after it. All its values are known to be writable.
 *
 * @param binary the tensors after the JSON, in its order
 */
record ResponseBody(InferResponse json, List<ResponseTensor> binary) {

    private static final JsonMapper JSON =
            JsonMapper.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();

    ResponseBody {
        binary = List.copyOf(binary);
        for (InferResponse.Output output : json.outputs()) {
            if (output.data() != null) {
                output.data().requireFinite();
            }
        }
    }

    static ResponseBody of(
            String model,
            String version,
            InferRequest request,
            RequestedOutputs requested,
            List<ResponseTensor> tensors) {
        List<InferResponse.Output> outputs = new ArrayList<>();
        List<ResponseTensor> binary = new ArrayList<>();
        for (ResponseTensor tensor : tensors) {
            boolean isBinary = requested.isBinary(tensor.name());
            outputs.add(InferResponse.Output.of(tensor, isBinary));
            if (isBinary) {
                binary.add(tensor);
            }
        }
        return new ResponseBody(new InferResponse(model, version, request.id(), outputs), binary);
    }

    void writeTo(HttpServletResponse response) throws IOException {
        OutputStream out = response.getOutputStream();
        if (binary.isEmpty()) {
            response.setContentType(MediaType.APPLICATION_JSON_VALUE);
            JSON.writeValue(out, json);
            return;
        }
        // The JSON is made in memory, because its length comes first.
        byte[] head = JSON.writeValueAsBytes(json);
        long tensors = binary.stream().mapToLong(ResponseTensor::bytes).sum();
        response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
        response.setHeader(RequestBody.HEADER_LENGTH, Integer.toString(head.length));
        response.setContentLengthLong(head.length + tensors);
        out.write(head);
        for (ResponseTensor tensor : binary) {
            tensor.writeTo(out);
        }
    }
}
