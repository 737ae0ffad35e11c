package dev.gnserve.model;

import dev.gnserve.backend.ElementType;
import dev.gnserve.backend.ModelInput;
import dev.gnserve.backend.Tensor;
import dev.gnserve.backend.TensorGroup;
import dev.gnserve.backend.TensorShape;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.NamedInputs.NamedInput;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a model takes beside an image: tensors of a fixed shape, by name. Each tile of an image goes in with the same ones. Immutable.
 *
 * @param inputs in the order of {@code forward}; that of the image has no shape
 */
public record ImageParameters(List<Input> inputs) {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** What JSON may take beside its values, and for a value. */
    private static final int MOST_BYTES = 10_000;

    private static final int BYTES_OF_A_VALUE = 64;

    /**
     * An argument of {@code forward}.
     *
     * @param shape without the batch axis; null for the image
     * @param usual what it is where a request does not give it; null if it must be given
     */
    public record Input(
            String name,
            ElementType type,
            @Nullable TensorShape shape,
            @Nullable Tensor usual) {

        /** As {@code age FP32 [1]}. */
        @Override
        public String toString() {
            return name + " " + type + " " + shape;
        }
    }

    public ImageParameters {
        inputs = List.copyOf(inputs);
        long images = inputs.stream().filter(input -> input.shape() == null).count();
        long names = inputs.stream().map(Input::name).distinct().count();
        if (images != 1 || inputs.size() < 2 || names != inputs.size()) {
            throw new IllegalArgumentException("has " + inputs.size() + " inputs, of which " + images
                    + " are without shapes; allowed are different names: one"
                    + " without shapes, which gets the image, and others with one shape each");
        }
    }

    /** The inputs beside the image. */
    public List<Input> parameters() {
        return inputs.stream().filter(input -> input.shape() != null).toList();
    }

    /**
     * The tensors for one image.
     *
     * @param given by a request; the others are as usual
     * @throws FailureException INVALID_REQUEST naming those that are missing
     */
    public Map<String, Tensor> complete(Map<String, Tensor> given) {
        Map<String, Tensor> complete = new LinkedHashMap<>();
        for (Input input : parameters()) {
            Tensor value = given.containsKey(input.name()) ? given.get(input.name()) : input.usual();
            if (value != null) {
                complete.put(input.name(), value);
            }
        }
        List<String> missing = parameters().stream()
                .filter(input -> !complete.containsKey(input.name()))
                .map(Input::toString)
                .toList();
        if (!missing.isEmpty()) {
            throw new FailureException(
                    FailureCode.INVALID_REQUEST,
                    "The model takes " + listed() + " beside an image, but " + String.join(", ", missing)
                            + " is missing. Send a multipart body with a part named 'parameters' beside the image, a JSON object such"
                            + " as {\"" + parameters().get(0).name()
                            + "\": [0, 1]}; or give its model.yaml a value for it in inputs.");
        }
        return complete;
    }

    /**
     * The tensors that a request gives: a JSON object with the values of each by its name, as nested arrays or flat.
     *
     * @throws FailureException INVALID_REQUEST if it is no such object, or for another name or other values
     */
    public Map<String, Tensor> read(byte[] json) {
        long most = MOST_BYTES
                + parameters().stream()
                        .mapToLong(input -> (long) BYTES_OF_A_VALUE
                                * Objects.requireNonNull(input.shape()).elements())
                        .sum();
        if (json.length > most) {
            throw invalid("has %,d bytes, more than its values need".formatted(json.length), null);
        }
        Map<String, Tensor> given = new LinkedHashMap<>();
        try {
            JsonNode values = JSON.readTree(json);
            if (!values.isObject()) {
                throw invalid("is no JSON object", null);
            }
            for (Map.Entry<String, JsonNode> value : values.properties()) {
                Input input = parameters().stream()
                        .filter(one -> one.name().equals(value.getKey()))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(
                                "names \"" + value.getKey() + "\", but the model takes " + listed()));
                given.put(input.name(), ParameterValues.read(input, value.getValue()));
            }
        } catch (JacksonException e) {
            throw invalid("is no JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw invalid(String.valueOf(e.getMessage()), e);
        }
        return given;
    }

    private static FailureException invalid(String fault, @Nullable Exception cause) {
        return new FailureException(FailureCode.INVALID_REQUEST, "The part 'parameters' " + fault + ".", cause);
    }

    private String listed() {
        return parameters().stream().map(Input::toString).collect(Collectors.joining(", "));
    }

    /** Runs images on a model together with tensors. */
    public Inference with(Inference inference, Map<String, Tensor> complete) {
        return (image, deadline) -> inference.infer(group((Tensor) image, complete), deadline);
    }

    /** An image and its tensors as one input. */
    ModelInput group(Tensor image, Map<String, Tensor> complete) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Input input : inputs) {
            Tensor value = complete.get(input.name());
            tensors.put(input.name(), value == null ? image : value);
        }
        return new TensorGroup(tensors, false);
    }

    /** What the model takes for images of some shapes, for its warm-up. */
    NamedInputs named(List<TensorShape> images) {
        return new NamedInputs(
                inputs.stream()
                        .map(input -> new NamedInput(
                                input.name(),
                                input.type(),
                                input.shape() == null ? images : Collections.nCopies(images.size(), input.shape())))
                        .toList(),
                false);
    }
}
