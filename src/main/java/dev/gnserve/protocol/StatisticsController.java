package dev.gnserve.protocol;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.ProtocolError;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v2/models/stats}, and the same for one model or version: the statistics extension of the protocol. */
@RestController
@Tag(name = "open inference protocol")
class StatisticsController {

    private final ModelRepository repository;
    private final BatchStatistics statistics;

    StatisticsController(ModelRepository repository, BatchStatistics statistics) {
        this.repository = repository;
        this.statistics = statistics;
    }

    @GetMapping(path = "/v2/models/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "statistics",
            summary = "Counts and times of all models since the start",
            description = "As Triton gives them, in nanoseconds. An image or tile counts as one inference.")
    @FailsWith(value = FailureCode.UNAUTHENTICATED, document = ProtocolError.class)
    ModelStatistics statistics() {
        return of(repository.models());
    }

    @GetMapping(path = "/v2/models/{model}/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelStatistics",
            summary = "Counts and times of all versions of a model since the start",
            description = "As Triton gives them, in nanoseconds. An image or tile counts as one inference.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND},
            document = ProtocolError.class)
    ModelStatistics modelStatistics(@PathVariable @Parameter(example = "nuclei-unet-gn") String model) {
        return of(repository.versions(model));
    }

    @GetMapping(path = "/v2/models/{model}/versions/{version}/stats", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelVersionStatistics",
            summary = "Counts and times of a version of a model since the start",
            description = "As modelStatistics, with a version.")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND},
            document = ProtocolError.class)
    ModelStatistics modelVersionStatistics(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @PathVariable @Parameter(example = "1") String version) {
        return of(List.of(repository.find(model, version)));
    }

    private ModelStatistics of(List<LoadedModel> models) {
        return new ModelStatistics(models.stream()
                .map(model -> statistics.of(model.name(), model.version()))
                .toList());
    }
}
