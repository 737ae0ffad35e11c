package dev.gnserve.protocol;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The outputs that a request asks for, in the order of the response.
 *
 * @param named whether an output is binary, by its name; empty if the request asks for all outputs
 * @param binaryByDefault whether an output that is not named is binary
 */
record RequestedOutputs(Map<String, Boolean> named, boolean binaryByDefault) {

    /**
     * Reads them from a request, before the model runs.
     *
     * @throws FailureException INVALID_REQUEST for an output that the model does not have, or one that is named twice
     */
    static RequestedOutputs of(InferRequest request, ModelSignature model) {
        boolean binaryByDefault = request.parameters() != null
                && Boolean.TRUE.equals(request.parameters().binaryDataOutput());
        List<String> names = model.outputs().stream().map(TensorSpec::name).toList();
        Map<String, Boolean> binary = new LinkedHashMap<>();
        if (request.outputs() == null || request.outputs().isEmpty()) {
            return new RequestedOutputs(binary, binaryByDefault);
        }
        for (InferRequest.Output output : request.outputs()) {
            if (!names.contains(output.name())) {
                throw RequestBody.invalid("The model has no output \"%s\"; it has %s.".formatted(output.name(), names));
            }
            Boolean own =
                    output.parameters() == null ? null : output.parameters().binaryData();
            if (binary.put(output.name(), own == null ? binaryByDefault : own) != null) {
                throw RequestBody.invalid("The output \"%s\" is requested twice.".formatted(output.name()));
            }
        }
        return new RequestedOutputs(binary, binaryByDefault);
    }

    boolean isBinary(String output) {
        return named.getOrDefault(output, binaryByDefault);
    }

    /**
     * Selects the requested outputs. A model may return an output for some items only, which cannot be one tensor.
     *
     * @param returned by name, in the model's order
     * @param items of the request
     * @throws FailureException ENGINE_FAULT if a requested output is missing for an item
     */
    List<OutputTensor> from(Map<String, OutputTensor> returned, int items) {
        Collection<String> names = named.isEmpty() ? returned.keySet() : named.keySet();
        List<OutputTensor> outputs = new ArrayList<>();
        for (String name : names) {
            OutputTensor tensor = returned.get(name);
            if (tensor == null || tensor.items().size() != items) {
                throw Failure.of(
                                FailureCode.ENGINE_FAULT,
                                "The model returned its output \"%s\" for %d of %d items. Send a request for each item%s."
                                        .formatted(
                                                name,
                                                tensor == null
                                                        ? 0
                                                        : tensor.items().size(),
                                                items,
                                                named.isEmpty()
                                                        ? ""
                                                        : ", without the names of outputs that the model may leave out"))
                        .asException();
            }
            outputs.add(tensor);
        }
        return outputs;
    }
}
