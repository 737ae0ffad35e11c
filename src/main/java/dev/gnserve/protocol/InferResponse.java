package dev.gnserve.protocol;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.annotation.JsonSerialize;

/**
 * The JSON of a response to an inference request.
 *
 * @param id of the request, if it has one
 */
@Schema(name = "InferenceResponse")
@JsonInclude(JsonInclude.Include.NON_NULL)
record InferResponse(
        @JsonProperty("model_name") @Schema(example = "nuclei-unet-gn", requiredMode = Schema.RequiredMode.REQUIRED)
        String modelName,

        @JsonProperty("model_version") @Schema(example = "1", requiredMode = Schema.RequiredMode.REQUIRED)
        String modelVersion,

        @Schema(example = "42") @Nullable String id,
        @Schema(requiredMode = Schema.RequiredMode.REQUIRED) List<Output> outputs) {

    /**
     * One tensor.
     *
     * @param shape of the whole batch
     * @param parameters null unless the values are binary
     * @param data flat, row-major; null if the values are binary
     */
    @Schema(name = "InferOutput")
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Output(
            @Schema(example = "output", requiredMode = Schema.RequiredMode.REQUIRED)
            String name,

            @Schema(example = "FP32", requiredMode = Schema.RequiredMode.REQUIRED)
            String datatype,

            @Schema(example = "[1, 3, 256, 256]", requiredMode = Schema.RequiredMode.REQUIRED)
            List<Integer> shape,

            @Nullable OutputParameters parameters,

            @Schema(
                    implementation = Object[].class,
                    description =
                            "Values, numbers, booleans or texts, flat, in row-major order; absent if they are binary")
            @JsonSerialize(using = Values.class)
            @Nullable
            ResponseTensor data) {

        static Output of(ResponseTensor tensor, boolean binary) {
            return new Output(
                    tensor.name(),
                    tensor.datatype(),
                    Arrays.stream(tensor.shape().toArray()).boxed().toList(),
                    binary ? new OutputParameters(tensor.bytes()) : null,
                    binary ? null : tensor);
        }
    }

    /** Parameters of a binary output: how many bytes after the JSON hold its values, little-endian. */
    @Schema(name = "InferOutputParameters")
    record OutputParameters(
            @JsonProperty("binary_data_size") @Schema(requiredMode = Schema.RequiredMode.REQUIRED)
            long binaryDataSize) {}

    /** Writes the values as an array. */
    static final class Values extends ValueSerializer<ResponseTensor> {

        @Override
        public void serialize(ResponseTensor tensor, JsonGenerator json, SerializationContext context) {
            json.writeStartArray();
            tensor.writeTo(json);
            json.writeEndArray();
        }
    }
}
