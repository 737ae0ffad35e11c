package dev.gnserve.serving;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.Traffic;
import dev.gnserve.model.TrafficFile;
import dev.gnserve.pipeline.ShadowTraffic;
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
import java.nio.charset.StandardCharsets;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RestController;

/** Which version of a model answers, and which one is only compared: promotion, rollback and shadow while the service runs. */
@RestController
@ConditionalOnProperty("gnserve.repository.enabled")
@Tag(name = "model repository")
class TrafficController {

    private final ModelRepository repository;
    private final ShadowTraffic shadows;
    private final UploadReader uploads;

    TrafficController(ModelRepository repository, ShadowTraffic shadows, UploadReader uploads) {
        this.repository = repository;
        this.shadows = shadows;
        this.uploads = uploads;
    }

    @GetMapping(path = "/v2/repository/models/{model}/traffic", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "getTraffic",
            summary = "Which version of a model answers, and how far its shadow agrees with it")
    @FailsWith(
            value = {FailureCode.UNAUTHENTICATED, FailureCode.MODEL_NOT_FOUND},
            document = ProtocolError.class)
    ModelTraffic traffic(@PathVariable String model) {
        return ModelTraffic.of(model, repository, shadows);
    }

    /** Holds until the process ends or {@code traffic.yaml} in the folder of the model changes. */
    @PutMapping(path = "/v2/repository/models/{model}/traffic", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "setTraffic",
            summary = "Promote a version, go back to another, or set a shadow; requests meanwhile do not fail",
            description = "Without default, the newest version that is ready answers. Without shadow, none is compared."
                    + " The change holds until the process ends or traffic.yaml in the folder of the model changes.")
    @FailsWith(
            value = {
                FailureCode.INVALID_REQUEST,
                FailureCode.UNAUTHENTICATED,
                FailureCode.MODEL_NOT_FOUND,
                FailureCode.MODEL_UNAVAILABLE
            },
            document = ProtocolError.class)
    @RequestBody(
            required = true,
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = ModelTraffic.Wanted.class)))
    ModelTraffic setTraffic(@PathVariable String model, HttpServletRequest request) throws IOException {
        Traffic wanted = wanted(uploads.body(request));
        repository.setTraffic(model, wanted);
        shadows.forget(model);
        return traffic(model);
    }

    private static Traffic wanted(byte[] body) {
        if (body.length == 0) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The request has no body. Send {\"default\": \"1\"}, or {} for the newest version.")
                    .asException();
        }
        try {
            return TrafficFile.read(new String(body, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The body is not allowed: %s. Send for example {\"default\": \"1\", \"shadow\": {\"version\": \"2\", \"share\": 0.1}}."
                                    .formatted(e.getMessage()),
                            e)
                    .asException();
        }
    }
}
