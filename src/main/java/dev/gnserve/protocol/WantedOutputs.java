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
 * Which outputs a request wants, in the order of the answer, and how.
 *
 * @param named by name: whether it comes as binary data; empty where the request wants all that the model gives
 * @param usually whether an output that is not named comes as binary data
 */
record WantedOutputs(Map<String, Boolean> named, boolean usually) {

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
            return new WantedOutputs(binary, usually);
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
        return new WantedOutputs(binary, usually);
    }

    boolean isBinary(String output) {
        return named.getOrDefault(output, usually);
    }

    /**
     * Chooses from what the model gave. A model may give an output for some inputs only; the answer holds an output for all items
     * of the request or not at all.
     *
     * @param given by name, in the model's order
     * @param items of the request
     * @throws FailureException ENGINE_FAULT for an output that the model gave for some items only, or did not give although the
     *     request names it
     */
    List<OutputTensor> from(Map<String, OutputTensor> given, int items) {
        Collection<String> names = named.isEmpty() ? given.keySet() : named.keySet();
        List<OutputTensor> outputs = new ArrayList<>();
        for (String name : names) {
            OutputTensor tensor = given.get(name);
            if (tensor == null || tensor.items().size() != items) {
                throw Failure.of(
                                FailureCode.ENGINE_FAULT,
                                "The model gave its output \"%s\" for %d of %d items. Send a request for each item%s."
                                        .formatted(
                                                name,
                                                tensor == null
                                                        ? 0
                                                        : tensor.items().size(),
                                                items,
                                                named.isEmpty() ? "" : ", and name no outputs that it may leave out"))
                        .asException();
            }
            outputs.add(tensor);
        }
        return outputs;
    }
}
