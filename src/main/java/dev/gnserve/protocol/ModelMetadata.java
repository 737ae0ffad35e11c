package dev.gnserve.protocol;

import dev.gnserve.model.ModelSignature;
import dev.gnserve.model.TensorSpec;
import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;

/**
 * Input and output tensors of a model.
 *
 * @param versions that are ready, newest first
 */
record ModelMetadata(
        @Schema(example = "nuclei-unet-gn") String name,
        @Schema(example = "[\"1\"]") List<String> versions,
        @Schema(example = "pytorch_torchscript") String platform,
        List<TensorMetadata> inputs,
        List<TensorMetadata> outputs) {

    private static final String PLATFORM = "pytorch_torchscript";

    static ModelMetadata of(String name, List<String> versions, ModelSignature signature) {
        return new ModelMetadata(
                name,
                versions,
                PLATFORM,
                signature.inputs().stream().map(TensorMetadata::of).toList(),
                signature.outputs().stream().map(TensorMetadata::of).toList());
    }

    /**
     * One tensor.
     *
     * @param shape with the batch axis first, if the model takes batches; -1 for an axis of any size
     */
    record TensorMetadata(
            @Schema(example = "input") String name,
            @Schema(example = "FP32") String datatype,
            @Schema(example = "[-1, 3, -1, -1]") List<Integer> shape) {

        static TensorMetadata of(TensorSpec spec) {
            return new TensorMetadata(spec.name(), spec.type().name(), spec.shape());
        }
    }
}
