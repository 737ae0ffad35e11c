package dev.gnserve.serving;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.telemetry.RequestTotals;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v1/models} and {@code GET /v1/models/{model}}. */
@RestController
@Tag(name = "models")
class ModelsController {

    private final ModelRepository repository;
    private final RequestTotals totals;

    ModelsController(ModelRepository repository, RequestTotals totals) {
        this.repository = repository;
        this.totals = totals;
    }

    /**
     * All models.
     *
     * @param models every version of every model, sorted by name, newest version first
     */
    record ModelList(List<ModelSummary> models) {}

    @GetMapping(path = "/v1/models", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "listModels",
            summary = "All models with task, version and state",
            description =
                    "Models that load, serve, failed or are unloaded, in the order of their names. A failed model has its reason.")
    @FailsWith({FailureCode.INVALID_REQUEST, FailureCode.UNAUTHENTICATED})
    ModelList listModels() {
        return new ModelList(repository.models().stream()
                .map(model -> ModelSummary.of(model, repository.isMain(model)))
                .toList());
    }

    @GetMapping(path = "/v1/models/{model}", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "getModel",
            summary = "Inputs, labels and execution of a model",
            description =
                    "What the model takes and gives, how it runs and batches, what its golden image and its verifications"
                            + " found, and what it has to do now.")
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.MODEL_UNAVAILABLE
    })
    ModelDetail getModel(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version) {
        return ModelDetail.of(repository.find(model, version), totals);
    }
}
