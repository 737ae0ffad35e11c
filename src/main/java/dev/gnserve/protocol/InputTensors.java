package dev.gnserve.protocol;

import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** All input tensors of a request: one input of the model for each item of the batch, or one input that is whole. For one thread. */
final class InputTensors {

    private final Map<String, InputTensor> byName;
    private final ModelSignature model;

    private InputTensors(Map<String, InputTensor> byName, ModelSignature model) {
        this.byName = byName;
        this.model = model;
    }

    /**
     * Reads the tensors of a request.
     *
     * @throws FailureException INVALID_REQUEST if the model does not take such tensors
     */
    static InputTensors of(RequestBody body, ModelSignature model) {
        Map<String, InputTensor> read = new LinkedHashMap<>();
        if (!model.named()) {
            read.put("", InputTensor.of(body, model));
            return new InputTensors(read, model);
        }
        List<String> given =
                body.request().inputs().stream().map(InferRequest.Input::name).toList();
        List<String> taken = model.inputs().stream().map(TensorSpec::name).toList();
        for (TensorSpec input : model.inputs()) {
            int place = given.indexOf(input.name());
            if (place < 0 || given.size() != taken.size()) {
                throw RequestBody.invalid(
                        "The request has the inputs %s. The model takes %s, each once.".formatted(given, taken));
            }
            read.put(input.name(), InputTensor.read(body, place, input, List.of(input.type()), 1));
        }
        if (!model.whole()
                && read.values().stream().map(InputTensor::size).distinct().count() > 1) {
            Map<String, Integer> sizes = new LinkedHashMap<>();
            read.forEach((name, tensor) -> sizes.put(name, tensor.size()));
            throw RequestBody.invalid(
                    "The inputs have different batch sizes: %s. The first axis of all inputs is the batch."
                            .formatted(sizes));
        }
        return new InputTensors(read, model);
    }

    /** How many items the batch has; 1 if the inputs are whole. */
    int size() {
        return model.whole() ? 1 : byName.values().iterator().next().size();
    }

    /** A copy of one item. */
    ModelInput item(int index) {
        if (!model.named()) {
            return byName.values().iterator().next().item(index);
        }
        Function<InputTensor, Tensor> part = model.whole() ? InputTensor::whole : input -> input.item(index);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        byName.forEach((name, input) -> tensors.put(name, part.apply(input)));
        return new TensorGroup(tensors, model.whole());
    }
}
