package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.pipeline.UploadReader;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.ProtocolError;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** The repository extension of the Open Inference Protocol: lists, loads and unloads models while the service runs. */
@RestController
@ConditionalOnProperty("gnserve.repository.enabled")
@Tag(name = "model repository")
class RepositoryController {

    private final ModelRepository repository;
    private final UploadReader uploads;

    RepositoryController(ModelRepository repository, UploadReader uploads) {
        this.repository = repository;
        this.uploads = uploads;
    }

    /**
     * One version of one model.
     *
     * @param state READY, LOADING or UNAVAILABLE
     * @param reason of the state, or empty
     */
    record IndexEntry(String name, String version, String state, String reason) {}

    @PostMapping(path = "/v2/repository/index", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "repositoryIndex", summary = "Every version of every model")
    @FailsWith(
            value = {FailureCode.INVALID_REQUEST, FailureCode.UNAUTHENTICATED},
            document = ProtocolError.class)
    @RequestBody(
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = RepositoryBody.IndexRequest.class)))
    List<IndexEntry> index(HttpServletRequest request) throws IOException {
        boolean readyOnly = RepositoryBody.readyOnly(uploads.body(request));
        return repository.models().stream()
                .filter(model -> !readyOnly || model.state() == ModelState.READY)
                .map(RepositoryController::entry)
                .toList();
    }

    /** Responds when every version has loaded or failed. If a version fails, the one that served before goes on. */
    @PostMapping(path = "/v2/repository/models/{model}/load", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(operationId = "loadModel", summary = "Load a model, or load it again; requests meanwhile do not fail")
    @FailsWith(
            value = {
                FailureCode.INVALID_REQUEST,
                FailureCode.UNAUTHENTICATED,
                FailureCode.MODEL_NOT_FOUND,
                FailureCode.MODEL_UNAVAILABLE
            },
            document = ProtocolError.class)
    Map<String, String> load(@PathVariable String model, HttpServletRequest request) throws IOException {
        RepositoryBody.requireNoOverrides(uploads.body(request));
        Map<String, String> failed = done(repository.load(model));
        if (!failed.isEmpty()) {
            throw Failure.of(
                            FailureCode.MODEL_UNAVAILABLE,
                            "These versions of model %s do not load, and what served before goes on: %s"
                                    .formatted(model, failed))
                    .asException();
        }
        return Map.of();
    }

    /** Responds when the memory of the model is free. */
    @PostMapping(path = "/v2/repository/models/{model}/unload", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "unloadModel",
            summary = "Unload a model after it has finished the requests that it accepted")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND},
            document = ProtocolError.class)
    Map<String, String> unload(@PathVariable String model) {
        done(repository.unload(model));
        return Map.of();
    }

    private static IndexEntry entry(LoadedModel model) {
        String state = switch (model.state()) {
            case READY, LOADING -> model.state().name();
            case FAILED, UNLOADED -> "UNAVAILABLE";
        };
        String reason = model.reason();
        return new IndexEntry(
                model.name(),
                model.version(),
                state,
                reason != null ? reason : model.state() == ModelState.UNLOADED ? "unloaded" : "");
    }

    private static <T> T done(CompletableFuture<T> work) {
        try {
            return work.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof FailureException known ? known : e;
        }
    }
}
