package dev.gnserve.protocol;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.ModelState;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.ProtocolError;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.health.actuate.endpoint.HealthDescriptor;
import org.springframework.boot.health.actuate.endpoint.HealthEndpoint;
import org.springframework.boot.health.contributor.Status;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v2/health/...} and {@code GET /v2/models/{model}/ready}: the actuator's health, as the protocol shows it. */
@RestController
@Tag(name = "open inference protocol")
class HealthController {

    private final HealthEndpoint health;
    private final ModelRepository repository;

    HealthController(HealthEndpoint health, ModelRepository repository) {
        this.health = health;
        this.repository = repository;
    }

    /** Whether the server needs no restart. */
    record ServerLive(boolean live) {}

    /**
     * Whether the server takes requests.
     *
     * @param live the same as {@code ready}: the text of the specification uses this name
     */
    record ServerReady(boolean ready, boolean live) {}

    /** Whether a model takes requests. */
    record ModelReady(@Schema(example = "nuclei-unet-gn") String name, boolean ready) {}

    /** The OpenAPI description of the responses of the two operations on models. */
    @Target(ElementType.METHOD)
    @Retention(RetentionPolicy.RUNTIME)
    @ApiResponse(responseCode = "200", description = "Yes")
    @ApiResponse(
            responseCode = "503",
            description = "No: it is loading, failed or unloaded",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                            schema = @Schema(implementation = ModelReady.class)))
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND},
            document = ProtocolError.class)
    @interface ModelReadyResponses {}

    @GetMapping(path = "/v2/health/live", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "serverLive",
            summary = "Whether the server is live",
            description = "The same as /livez. Needs no key.")
    @ApiResponse(responseCode = "200", description = "Yes")
    @ApiResponse(
            responseCode = "503",
            description = "No: it needs a restart",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                            schema = @Schema(implementation = ServerLive.class)))
    @FailsWith(value = FailureCode.INVALID_REQUEST, document = ProtocolError.class)
    ResponseEntity<ServerLive> serverLive() {
        boolean live = isUp("liveness");
        return response(live, new ServerLive(live));
    }

    @GetMapping(path = "/v2/health/ready", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "serverReady",
            summary = "Whether the server takes requests",
            description = "The same as /readyz. Needs no key.")
    @ApiResponse(responseCode = "200", description = "Yes")
    @ApiResponse(
            responseCode = "503",
            description = "No: it is starting or shutting down",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                            schema = @Schema(implementation = ServerReady.class)))
    @FailsWith(value = FailureCode.INVALID_REQUEST, document = ProtocolError.class)
    ResponseEntity<ServerReady> serverReady() {
        boolean ready = isUp("readiness");
        return response(ready, new ServerReady(ready, ready));
    }

    @GetMapping(path = "/v2/models/{model}/ready", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelReady",
            summary = "Whether a model takes requests",
            description = "Of the version that serves requests without a version.")
    @ModelReadyResponses
    ResponseEntity<ModelReady> modelReady(@PathVariable @Parameter(example = "nuclei-unet-gn") String model) {
        return ready(model, null);
    }

    @GetMapping(path = "/v2/models/{model}/versions/{version}/ready", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "modelVersionReady",
            summary = "Whether a version of a model takes requests",
            description = "Of this version.")
    @ModelReadyResponses
    ResponseEntity<ModelReady> modelVersionReady(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @PathVariable @Parameter(example = "1") String version) {
        return ready(model, version);
    }

    private ResponseEntity<ModelReady> ready(String name, @Nullable String version) {
        LoadedModel model = version == null
                ? repository.version(name, repository.mainVersion(name))
                : repository.find(name, version);
        boolean ready = model != null && model.state() == ModelState.READY;
        return response(ready, new ModelReady(name, ready));
    }

    private boolean isUp(String group) {
        HealthDescriptor found = health.healthForPath(group);
        return found != null && found.getStatus().equals(Status.UP);
    }

    private static <T> ResponseEntity<T> response(boolean ok, T body) {
        return ResponseEntity.status(ok ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
                .body(body);
    }
}
