package dev.gnserve.protocol;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import dev.gnserve.pipeline.OutputHeap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The outputs that a request asks for, in the order of the response.
 *
 * @param named how an output is returned, by its name; empty if the request asks for all outputs
 * @param others how an output that is not named is returned
 */
record RequestedOutputs(Map<String, Form> named, Form others) {

    /**
     * How an output is returned.
     *
     * @param classes how many of the largest values, as {@link TopClasses}; null for the tensor itself
     */
    record Form(boolean binary, @Nullable Integer classes) {}

    /**
     * Reads them from a request, before the model runs.
     *
     * @throws FailureException INVALID_REQUEST for an output that the model does not have, or one that is named twice
     */
    static RequestedOutputs of(InferRequest request, ModelSignature model) {
        boolean binaryByDefault = request.parameters() != null
                && Boolean.TRUE.equals(request.parameters().binaryDataOutput());
        Form others = new Form(binaryByDefault, null);
        List<String> names = model.outputs().stream().map(TensorSpec::name).toList();
        Map<String, Form> named = new LinkedHashMap<>();
        if (request.outputs() == null || request.outputs().isEmpty()) {
            return new RequestedOutputs(named, others);
        }
        for (InferRequest.Output output : request.outputs()) {
            if (!names.contains(output.name())) {
                throw RequestBody.invalid("The model has no output \"%s\"; it has %s.".formatted(output.name(), names));
            }
            InferRequest.OutputParameters own = output.parameters();
            Form form = own == null
                    ? others
                    : new Form(own.binaryData() == null ? binaryByDefault : own.binaryData(), own.classification());
            if (named.put(output.name(), form) != null) {
                throw RequestBody.invalid("The output \"%s\" is requested twice.".formatted(output.name()));
            }
        }
        return new RequestedOutputs(named, others);
    }

    boolean isBinary(String output) {
        return named.getOrDefault(output, others).binary();
    }

    /**
     * Selects the requested outputs. A model may return an output for some items only, which cannot be one tensor.
     *
     * @param returned by name, in the model's order
     * @param items of the request
     * @param labels of the model
     * @param heap counts the texts of {@link TopClasses}
     * @param cancellation of their making
     * @throws FailureException ENGINE_FAULT if a requested output is missing for an item
     */
    List<ResponseTensor> from(
            Map<String, OutputTensor> returned,
            int items,
            List<String> labels,
            OutputHeap heap,
            Cancellation cancellation) {
        Collection<String> names = named.isEmpty() ? returned.keySet() : named.keySet();
        List<ResponseTensor> outputs = new ArrayList<>();
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
            Integer classes = named.getOrDefault(name, others).classes();
            outputs.add(classes == null ? tensor : TopClasses.of(tensor, classes, labels, heap, cancellation));
        }
        return outputs;
    }
}
