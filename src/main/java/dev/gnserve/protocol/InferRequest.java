package dev.gnserve.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.annotation.JsonDeserialize;

/**
 * The JSON of a request for inference. What the protocol allows and this service does not know is ignored.
 *
 * @param id returned as it is
 * @param parameters of the request as a whole
 * @param inputs one for each input of the model
 * @param outputs the outputs that are wanted; null for all
 */
@Schema(name = "InferenceRequest")
record InferRequest(
        @Schema(example = "42") @Nullable String id,
        @Nullable Parameters parameters,
        @Schema(requiredMode = Schema.RequiredMode.REQUIRED) List<Input> inputs,
        @Nullable List<Output> outputs) {

    /** More than any tensor of a model has; a shape that is no shape is not carried along. */
    private static final int MOST_AXES = 16;

    InferRequest {
        if (inputs == null || inputs.contains(null)) {
            throw new IllegalArgumentException("inputs is missing, or one of them is null");
        }
        if (outputs != null && outputs.contains(null)) {
            throw new IllegalArgumentException("one of the outputs is null");
        }
    }

    /**
     * Of a request.
     *
     * @param timeout microseconds after which nobody waits for the answer; null or 0 for none
     * @param priority 1 is the highest, all from 9 on the lowest; null or 0 for the default, 5
     * @param binaryDataOutput whether outputs come as binary data unless they say otherwise
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
                    description = "1 is the highest, 9 and more the lowest; 0 for the default, 5",
                    requiredMode = Schema.RequiredMode.NOT_REQUIRED)
            @Nullable
            Long priority,

            @JsonProperty("binary_data_output")
            @Schema(description = "Whether outputs come as binary data unless they say otherwise")
            @Nullable
            Boolean binaryDataOutput) {

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
     * @param data row-major, flat or nested as the shape; null for binary data
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
                    description = "Values, row-major, flat or nested as the shape; left out for binary data")
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
     * Of an input.
     *
     * @param binaryDataSize how many bytes of the body behind the JSON are this input's values
     */
    @Schema(name = "InferInputParameters")
    record InputParameters(
            @JsonProperty("binary_data_size")
            @Schema(
                    minimum = "0",
                    description = "How many bytes of the body behind the JSON are this input's values, little-endian")
            @Nullable
            Long binaryDataSize) {

        InputParameters {
            requireNotNegative("binary_data_size", binaryDataSize);
        }
    }

    /** An output that is wanted. */
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
     * Of an output that is wanted.
     *
     * @param binaryData whether it comes as binary data
     */
    @Schema(name = "InferRequestedOutputParameters")
    record OutputParameters(
            @JsonProperty("binary_data") @Schema(description = "Whether it comes as binary data") @Nullable
            Boolean binaryData) {}

    private static void requireNotNegative(String name, @Nullable Long value) {
        if (value != null && value < 0) {
            throw new IllegalArgumentException(name + " is " + value + ", allowed is 0 or more");
        }
    }
}
