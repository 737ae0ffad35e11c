package dev.gnserve.pipeline;

import dev.gnserve.problem.RequestId;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.enums.ParameterIn;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.media.SchemaProperty;
import io.swagger.v3.oas.annotations.parameters.RequestBody;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The OpenAPI description of the body that {@link UploadReader} reads, and of the headers of a request with images. */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@RequestBody(
        required = true,
        description =
                "One or more parts named `image`, or the bytes of one image as the body. The service recognizes the"
                        + " format by the content: JPEG, PNG, BMP, GIF (first frame), TIFF (one page), WebP, NumPy"
                        + " array (.npy). It applies the EXIF orientation.",
        content = {
            @Content(
                    mediaType = "multipart/form-data",
                    schema = @Schema(type = "object", requiredProperties = "image"),
                    schemaProperties = {
                        @SchemaProperty(
                                name = "image",
                                array =
                                        @ArraySchema(
                                                minItems = 1,
                                                schema = @Schema(type = "string", format = "binary"))),
                        @SchemaProperty(
                                name = "parameters",
                                schema =
                                        @Schema(
                                                type = "string",
                                                description =
                                                        "For a model that takes other tensors beside an image: a JSON object with the"
                                                                + " values of each by its name, as nested arrays or flat, such as"
                                                                + " {\"numbers\": [0.5, -1], \"place\": 2}. They go with each image of"
                                                                + " the request"))
                    }),
            @Content(mediaType = "image/*", schema = @Schema(type = "string", format = "binary")),
            @Content(mediaType = "application/octet-stream", schema = @Schema(type = "string", format = "binary"))
        })
@Parameter(
        name = Client.TIMEOUT_HEADER,
        in = ParameterIn.HEADER,
        description = "Deadline in milliseconds: the service cancels the request when it has passed",
        example = "2000",
        schema = @Schema(type = "integer", format = "int64", minimum = "1"))
@Parameter(
        name = RequestId.HEADER,
        in = ParameterIn.HEADER,
        description = "Identifies the request in the response and in the log; generated if absent",
        schema = @Schema(type = "string"))
public @interface ImageBody {}
