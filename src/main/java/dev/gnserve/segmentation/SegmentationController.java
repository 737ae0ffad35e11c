package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.QueryParameter;
import dev.gnserve.pipeline.TaskOperation;
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

/** {@code POST /v1/models/{model}/segment}. */
@RestController
@Tag(name = "inference")
class SegmentationController {

    private final ModelRequests requests;
    private final ImagePipeline pipeline;

    SegmentationController(ModelRequests requests, ImagePipeline pipeline) {
        this.requests = requests;
        this.pipeline = pipeline;
    }

    /** The contents of the picture. */
    enum Render {
        @JsonProperty("overlay")
        OVERLAY,
        @JsonProperty("labels")
        LABELS,
        @JsonProperty("objects")
        OBJECTS
    }

    @Bean
    static ImageTask<?, ?> defaultSegmentation() {
        return SegmentationTask.DEFAULT;
    }

    @PostMapping(
            path = "/v1/models/{model}/segment",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = {MediaType.APPLICATION_JSON_VALUE, MediaType.IMAGE_PNG_VALUE})
    @Operation(
            operationId = "segment",
            summary = "Segment images",
            description =
                    "Masks, pixels per class and objects of one or more images. With `Accept: image/png`, a picture of one"
                            + " image.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The results. If only some images fail, each of these has a problem instead of a result.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = SegmentationResponse.class)),
                @Content(mediaType = MediaType.IMAGE_PNG_VALUE, schema = @Schema(type = "string", format = "binary"))
            })
    ResponseEntity<Object> segment(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; by default the newest that is ready")
                    @Nullable
                    String version,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Probability above which a pixel belongs to a class; by default that of the model",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float threshold,
            @RequestParam(defaultValue = "rle") @Parameter(description = "Encoding of the masks")
                    MaskWriter.Masks masks,
            @RequestParam(defaultValue = "true") @Parameter(description = "Whether to list separate objects")
                    boolean objects,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(description = "Contents of the picture, with `Accept: image/png`")
                    Render render,
            @RequestParam(defaultValue = "1") @Parameter(description = QueryParameter.PAGE) int page,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        QueryParameter.requireRange("threshold", threshold, 0, 1);
        SegmentationTask task = new SegmentationTask(threshold, new MaskWriter(masks), objects);
        Function<Segmentation, byte[]> picture = found -> switch (render) {
            case OVERLAY -> found.overlay();
            case LABELS -> found.labels();
            case OBJECTS -> found.objectIds();
        };
        return requests.answer(
                model,
                version,
                task.task(),
                request,
                (served, client) ->
                        pipeline.answer(task, Map.of(MediaType.IMAGE_PNG, picture), served, client, request, page));
    }
}
