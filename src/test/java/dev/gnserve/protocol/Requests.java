package dev.gnserve.protocol;

import dev.gnserve.backend.ElementType;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Requests of clients, and the signature of their model. */
final class Requests {

    /** [-1, 2, -1, -1], sides that are multiples of 2, every type; outputs "out" and "aux". */
    static final ModelSignature MODEL = new ModelSignature(
            new TensorSpec("input", ElementType.FP32, List.of(-1, 2, -1, -1)),
            List.of(ElementType.values()),
            2,
            List.of(
                    new TensorSpec("out", ElementType.FP32, List.of(-1, 3, -1, -1)),
                    new TensorSpec("aux", ElementType.FP32, List.of(-1, 1))));

    private Requests() {}

    static RequestBody json(String json) {
        return RequestBody.read(json.getBytes(StandardCharsets.UTF_8), null);
    }

    /** One input named "input". */
    static RequestBody input(String datatype, String shape, String data) {
        return json("""
                {"inputs": [{"name": "input", "datatype": "%s", "shape": %s, "data": %s}]}""".formatted(datatype, shape, data));
    }

    /** One input named "input", in binary data. */
    static RequestBody binary(String datatype, String shape, byte[] data) {
        return withBinary("""
                {"inputs": [{"name": "input", "datatype": "%s", "shape": %s, "parameters": {"binary_data_size": %d}}]}""".formatted(datatype, shape, data.length), data, null);
    }

    /** JSON followed by binary data. The header is the length of the JSON unless one is given. */
    static RequestBody withBinary(String json, byte[] data, @Nullable String header) {
        byte[] head = json.getBytes(StandardCharsets.UTF_8);
        byte[] body = new byte[head.length + data.length];
        System.arraycopy(head, 0, body, 0, head.length);
        System.arraycopy(data, 0, body, head.length, data.length);
        return RequestBody.read(body, header == null ? Integer.toString(head.length) : header);
    }
}
