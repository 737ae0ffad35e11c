package dev.gnserve.protocol;

import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which outputs a request wants, in the order of the answer, and how.
 *
 * @param binary by name: whether it comes as binary data
 */
record WantedOutputs(Map<String, Boolean> binary) {

    /**
     * What the request says, checked before the model runs.
     *
     * @throws FailureException INVALID_REQUEST for an output that the model does not have, or one that is named twice
     */
    static WantedOutputs of(InferRequest request, ModelSignature model) {
        boolean usually = request.parameters() != null
                && Boolean.TRUE.equals(request.parameters().binaryDataOutput());
        List<String> names = model.outputs().stream().map(TensorSpec::name).toList();
        Map<String, Boolean> binary = new LinkedHashMap<>();
        if (request.outputs() == null || request.outputs().isEmpty()) {
            names.forEach(name -> binary.put(name, usually));
            return new WantedOutputs(binary);
        }
        for (InferRequest.Output output : request.outputs()) {
            if (!names.contains(output.name())) {
                throw RequestBody.invalid("The model has no output \"%s\"; it has %s.".formatted(output.name(), names));
            }
            Boolean own =
                    output.parameters() == null ? null : output.parameters().binaryData();
            if (binary.put(output.name(), own == null ? usually : own) != null) {
                throw RequestBody.invalid("The output \"%s\" is asked for twice.".formatted(output.name()));
            }
        }
        return new WantedOutputs(binary);
    }
}
