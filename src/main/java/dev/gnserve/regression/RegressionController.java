package dev.gnserve.regression;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.PageParameter;
import dev.gnserve.pipeline.QueryParameter;
import dev.gnserve.pipeline.TaskOperation;
import dev.gnserve.regression.EncodedValues.Encoding;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /v1/models/{model}/estimate}. */
@RestController
@Tag(name = "inference")
class RegressionController {

    private static final String TIFF = "image/tiff";
    private static final String NPY = "application/x-npy";

    private final ModelRequests requests;
    private final ImagePipeline pipeline;

    RegressionController(ModelRequests requests, ImagePipeline pipeline) {
        this.requests = requests;
        this.pipeline = pipeline;
    }

    /** The encodings of values in JSON, or none. */
    enum Values {
        @JsonProperty("png16")
        PNG16(Encoding.PNG16),
        @JsonProperty("tiff")
        TIFF(Encoding.TIFF),
        @JsonProperty("npy")
        NPY(Encoding.NPY),
        @JsonProperty("none")
        NONE(null);

        private final @Nullable Encoding encoding;

        Values(@Nullable Encoding encoding) {
            this.encoding = encoding;
        }
    }

    /** The contents of the picture. */
    enum MapRender {
        @JsonProperty("overlay")
        OVERLAY,
        @JsonProperty("values")
        VALUES
    }

    @Bean
    static ImageTask<?, ?> defaultRegression() {
        return RegressionTask.DEFAULT;
    }

    @PostMapping(
            path = "/v1/models/{model}/estimate",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = {MediaType.APPLICATION_JSON_VALUE, MediaType.IMAGE_PNG_VALUE, TIFF, NPY})
    @Operation(
            operationId = "estimate",
            summary = "Estimate a value for each pixel of images",
            description =
                    "Maps of values, such as depth, of one or more images, and their statistics. With `Accept: image/png`,"
                            + " `image/tiff` or `application/x-npy`, one map of one image: a picture, or float32 values.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The maps. If only some images fail, each of these has a problem instead of a result.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = RegressionResponse.class)),
                @Content(mediaType = MediaType.IMAGE_PNG_VALUE, schema = @Schema(type = "string", format = "binary")),
                @Content(mediaType = TIFF, schema = @Schema(type = "string", format = "binary")),
                @Content(mediaType = NPY, schema = @Schema(type = "string", format = "binary"))
            })
    ResponseEntity<Object> estimate(
            @PathVariable @Parameter(example = "depth-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(defaultValue = "png16")
                    @Parameter(
                            description =
                                    "Encoding of the values in JSON. png16: a 16-bit PNG, with scale and offset. tiff, npy: float32")
                    Values values,
            @RequestParam(required = false)
                    @Parameter(description = "Label of the map that a picture or file shows; by default the first")
                    @Nullable
                    String label,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(
                            description =
                                    "Contents of the picture, with `Accept: image/png`. overlay: colours. values: the 16-bit PNG")
                    MapRender render,
            @RequestParam(defaultValue = "1") @PageParameter int page,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        RegressionTask task = new RegressionTask(values.encoding);
        return requests.answer(model, version, task.task(), request, (served, client) -> {
            int map = number(served.manifest(), label);
            Function<Regression, byte[]> picture = found -> switch (render) {
                case OVERLAY -> found.overlay(map);
                case VALUES -> found.file(map, Encoding.PNG16);
            };
            Map<MediaType, Function<Regression, byte[]>> files = Map.of(
                    MediaType.IMAGE_PNG,
                    picture,
                    MediaType.parseMediaType(TIFF),
                    found -> found.file(map, Encoding.TIFF),
                    MediaType.parseMediaType(NPY),
                    found -> found.file(map, Encoding.NPY));
            return pipeline.answer(task, files, served, client, request, page);
        });
    }

    private static int number(ModelManifest manifest, @Nullable String label) {
        int number = label == null ? 0 : manifest.labels().indexOf(label);
        if (number < 0) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter 'label' is %s. The model has the labels %s."
                                    .formatted(label, manifest.labels()))
                    .asException();
        }
        return number;
    }
}
