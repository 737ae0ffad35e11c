package dev.gnserve.protocol;

import dev.gnserve.failure.FailureCode;
import dev.gnserve.pipeline.Client;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.ProtocolError;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.headers.Header;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The OpenAPI description of inference on tensors: request body, response and failures. */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@RequestBody(
        required = true,
        description =
                "JSON; or JSON, followed by the binary data of the inputs in their order, with the length of the JSON in"
                        + " `Inference-Header-Content-Length`. Any media type is accepted.",
        content = {
            @Content(mediaType = "application/json", schema = @Schema(implementation = InferRequest.class)),
            @Content(mediaType = "application/octet-stream", schema = @Schema(type = "string", format = "binary"))
        })
@Parameter(
        name = Client.TIMEOUT_HEADER,
        in = ParameterIn.HEADER,
        description = "Deadline in milliseconds: the service cancels the request when it has passed",
        example = "2000",
        schema = @Schema(type = "integer", format = "int64", minimum = "1"))
@ApiResponse(
        responseCode = "200",
        description = "The outputs as JSON. If any is binary, its data follow the JSON, in the order of the outputs.",
        headers =
                @Header(
                        name = dev.gnserve.protocol.RequestBody.HEADER_LENGTH,
                        description = "Length of the JSON in bytes, if binary data follow it",
                        schema = @Schema(type = "integer")),
        content = {
            @Content(mediaType = "application/json", schema = @Schema(implementation = InferResponse.class)),
            @Content(mediaType = "application/octet-stream", schema = @Schema(type = "string", format = "binary"))
        })
@FailsWith(
        value = {
            FailureCode.INVALID_REQUEST,
            FailureCode.UNAUTHENTICATED,
            FailureCode.MODEL_NOT_FOUND,
            FailureCode.UPLOAD_TOO_LARGE,
            FailureCode.IMAGE_TOO_LARGE,
            FailureCode.OVERLOADED,
            FailureCode.MODEL_UNAVAILABLE,
            FailureCode.SHUTTING_DOWN,
            FailureCode.DEADLINE_EXCEEDED,
            FailureCode.ENGINE_FAULT
        },
        document = ProtocolError.class)
@interface InferOperation {}
