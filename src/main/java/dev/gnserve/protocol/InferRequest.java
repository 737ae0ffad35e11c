package dev.gnserve.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.annotation.JsonDeserialize;

/**
 * The JSON of an inference request. Unknown members are ignored, except parameters that
 * change the meaning of a request: {@link Unsupported}.
 *
 * @param id returned in the response
 * @param outputs the requested ones; null for all
 */
@Schema(name = "InferenceRequest")
record InferRequest(
        @Schema(example = "42") @Nullable String id,
        @Nullable Parameters parameters,
        @Schema(requiredMode = Schema.RequiredMode.REQUIRED) List<Input> inputs,
        @Nullable List<Output> outputs) {

    /** More axes than the tensors of models have. */
    private static final int MOST_AXES = 16;

    /** Texts for each item. Who needs more asks for the tensor. */
    private static final int MOST_CLASSES = 10_000;

    InferRequest {
        if (inputs == null || inputs.contains(null)) {
            throw new IllegalArgumentException("inputs is missing, or one of them is null");
        }
        if (outputs != null && outputs.contains(null)) {
            throw new IllegalArgumentException("one of the outputs is null");
        }
    }

    /**
     * Parameters of a request.
     *
     * @param timeout deadline in microseconds; null or 0 for none
     * @param priority 1 is the highest, 9 and above the lowest; null or 0 for the default, 5
     * @param binaryDataOutput whether outputs are binary unless their own parameters say otherwise
     */
    @Schema(name = "InferParameters")
    record Parameters(
            @Schema(
                    example = "500000",
                    minimum = "0",
                    description = "Deadline in microseconds; 0 for none",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Long timeout,

            @Schema(
                    minimum = "0",
                    description = "1 is the highest, 9 and above the lowest; 0 for the default, 5",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Long priority,

            @JsonProperty("binary_data_output")
            @Schema(
                    description = "Whether outputs are binary unless their own parameters say otherwise",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Boolean binaryDataOutput,

            @JsonProperty("sequence_id") @Schema(hidden = true) @Nullable
            Unsupported sequenceId) {

        Parameters {
            requireNotNegative("timeout", timeout);
            requireNotNegative("priority", priority);
        }
    }

    /**
     * One tensor.
     *
     * @param shape of the whole batch, the batch first
     * @param datatype for example {@code FP32}
     * @param data row-major, flat or nested as the shape; null for an input in binary data
     */
    @Schema(name = "InferInput")
    record Input(
            @Schema(example = "input", requiredMode = Schema.RequiredMode.REQUIRED)
            String name,

            @Schema(example = "[1, 3, 256, 256]", requiredMode = Schema.RequiredMode.REQUIRED)
            List<Long> shape,

            @Schema(example = "FP32", requiredMode = Schema.RequiredMode.REQUIRED)
            String datatype,

            @Nullable InputParameters parameters,

            @Schema(
                    implementation = Object[].class,
                    description = "Values in row-major order, flat or nested as the shape; absent for binary data")
            @JsonDeserialize(using = JsonValues.Deserializer.class)
            @Nullable
            JsonValues data) {

        Input {
            if (name == null || shape == null || datatype == null) {
                throw new IllegalArgumentException("an input needs name, shape and datatype");
            }
            if (shape.size() > MOST_AXES) {
                throw new IllegalArgumentException(
                        "shape has " + shape.size() + " axes, allowed are " + MOST_AXES + " at most");
            }
        }
    }

    /**
     * Parameters of an input.
     *
     * @param binaryDataSize how many bytes after the JSON hold the values, little-endian
     */
    @Schema(name = "InferInputParameters")
    record InputParameters(
            @JsonProperty("binary_data_size")
            @Schema(
                    minimum = "0",
                    description = "How many bytes after the JSON hold the values of this input, little-endian",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Long binaryDataSize,

            @JsonProperty("shared_memory_region") @Schema(hidden = true) @Nullable
            Unsupported sharedMemoryRegion) {

        InputParameters {
            requireNotNegative("binary_data_size", binaryDataSize);
        }
    }

    /** A requested output. */
    @Schema(name = "InferRequestedOutput")
    record Output(
            @Schema(example = "output", requiredMode = Schema.RequiredMode.REQUIRED)
            String name,

            @Nullable OutputParameters parameters) {

        Output {
            if (name == null) {
                throw new IllegalArgumentException("an output needs a name");
            }
        }
    }

    /**
     * Parameters of a requested output.
     *
     * @param classification how many of its largest values to return for each item, as texts; 0 means null: the tensor itself
     */
    @Schema(name = "InferRequestedOutputParameters")
    record OutputParameters(
            @JsonProperty("binary_data")
            @Schema(description = "Whether the output is binary", requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Boolean binaryData,

            @JsonProperty("shared_memory_region") @Schema(hidden = true) @Nullable
            Unsupported sharedMemoryRegion,

            @Schema(
                    minimum = "0",
                    maximum = "10000",
                    description =
                            "How many of the largest values to return for each item, as texts value:index:label of type"
                                    + " BYTES; 0 for the tensor itself",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Integer classification) {

        OutputParameters {
            if (classification != null && (classification < 0 || classification > MOST_CLASSES)) {
                throw new IllegalArgumentException(
                        "classification is %,d, allowed is 1 to %,d, or 0 for the tensor itself"
                                .formatted(classification, MOST_CLASSES));
            }
            classification = classification != null && classification == 0 ? null : classification;
        }
    }

    private static void requireNotNegative(String name, @Nullable Long value) {
        if (value != null && value < 0) {
            throw new IllegalArgumentException(name + " is " + value + ", allowed is 0 or more");
        }
    }
}
