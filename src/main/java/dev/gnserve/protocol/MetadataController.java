package dev.gnserve.protocol;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.ProtocolError;
import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.info.BuildProperties;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v2} and {@code GET /v2/models/{model}}, with or without a version. */
@RestController
@Tag(name = "open inference protocol")
class MetadataController {

    private final ModelRepository repository;
    private final ServerMetadata server;

    MetadataController(
            ModelRepository repository,
            ObjectProvider<BuildProperties> build,
            @Value("${gnserve.repository.enabled:false}") boolean administrable) {
        this.repository = repository;
        BuildProperties properties = build.getIfAvailable();
        String version = properties == null ? null : properties.getVersion();
        this.server = new ServerMetadata(
                "gnserve",
                Objects.requireNonNullElse(version, "unknown"),
                Stream.of(
                                "binary_tensor_data",
                                "classification",
                                "model_configuration",
                                "schedule_policy",
                                "statistics",
                                administrable ? "model_repository" : "")
                        .filter(extension -> !extension.isEmpty())
                        .sorted()
                        .toList());
    }

    /**
     * The server.
     *
     * @param extensions of the protocol that it supports
     */
    record ServerMetadata(
            @Schema(example = "gnserve") String name,
            @Schema(example = "1.0.0") String version,

            @Schema(example = "[\"binary_tensor_data\", \"statistics\"]")
            List<String> extensions) {}

    @GetMapping(path = "/v2", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "serverMetadata",
            summary = "Name, version and extensions of the server",
            description = "As the Open Inference Protocol gives it.")
    @FailsWith(value = FailureCode.UNAUTHENTICATED, document = ProtocolError.class)
    ServerMetadata serverMetadata() {
        return server;
    }

    /** The specification also writes the path with a slash. */
    @Hidden
    @GetMapping(path = "/v2/", produces = MediaType.APPLICATION_JSON_VALUE)
    ServerMetadata serverMetadataWithSlash() {
        return server;
    }

    /** The names of all models, also of those that do not serve. */
    record ModelNames(
            @Schema(example = "[\"nuclei-unet-gn\"]") List<String> models) {}

    @GetMapping(path = "/v2/models", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelNames",
            summary = "The names of all models",
            description = "As KServe lists them. GET /v1/models has their versions and states.")
    @FailsWith(value = FailureCode.UNAUTHENTICATED, document = ProtocolError.class)
    ModelNames modelNames() {
        return new ModelNames(
                repository.models().stream().map(LoadedModel::name).distinct().toList());
    }

    @GetMapping(path = "/v2/models/{model}/config", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelConfig",
            summary = "Configuration of a model",
            description = "What clients of Triton read of it: tensors, batching and instances.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND, FailureCode.MODEL_UNAVAILABLE},
            document = ProtocolError.class)
    ModelConfig modelConfig(@PathVariable @Parameter(example = "nuclei-unet-gn") String model) {
        return ModelConfig.of(repository.find(model, null));
    }

    @GetMapping(path = "/v2/models/{model}/versions/{version}/config", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelVersionConfig",
            summary = "Configuration of a version of a model",
            description = "As modelConfig, with a version.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND, FailureCode.MODEL_UNAVAILABLE},
            document = ProtocolError.class)
    ModelConfig modelVersionConfig(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @PathVariable @Parameter(example = "1") String version) {
        return ModelConfig.of(repository.find(model, version));
    }

    @GetMapping(path = "/v2/models/{model}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelMetadata",
            summary = "Input and output tensors of a model",
            description = "Names, types and shapes; -1 is an axis of any size.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND, FailureCode.MODEL_UNAVAILABLE},
            document = ProtocolError.class)
    ModelMetadata modelMetadata(@PathVariable @Parameter(example = "nuclei-unet-gn") String model) {
        return metadata(model, null);
    }

    @GetMapping(path = "/v2/models/{model}/versions/{version}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelVersionMetadata",
            summary = "Input and output tensors of a version of a model",
            description = "Names, types and shapes; -1 is an axis of any size.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND, FailureCode.MODEL_UNAVAILABLE},
            document = ProtocolError.class)
    ModelMetadata modelVersionMetadata(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @PathVariable @Parameter(example = "1") String version) {
        return metadata(model, version);
    }

    private ModelMetadata metadata(String name, @Nullable String version) {
        LoadedModel found = repository.find(name, version);
        List<String> versions = repository.models().stream()
                .filter(model -> model.name().equals(name) && model.state() == ModelState.READY)
                .map(LoadedModel::version)
                .toList();
        return ModelMetadata.of(found.name(), versions, found.signature());
    }
}
