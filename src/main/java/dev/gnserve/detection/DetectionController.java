package dev.gnserve.detection;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.Thresholds;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.PageParameter;
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
import java.util.List;
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

/** {@code POST /v1/models/{model}/detect}. */
@RestController
@Tag(name = "inference")
class DetectionController {

    private final ModelRequests requests;
    private final ImagePipeline pipeline;

    DetectionController(ModelRequests requests, ImagePipeline pipeline) {
        this.requests = requests;
        this.pipeline = pipeline;
    }

    /** The contents of the picture. */
    enum BoxRender {
        @JsonProperty("overlay")
        OVERLAY
    }

    @Bean
    static ImageTask<?, ?> defaultDetection() {
        return DetectionTask.DEFAULT;
    }

    @PostMapping(
            path = "/v1/models/{model}/detect",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = {MediaType.APPLICATION_JSON_VALUE, MediaType.IMAGE_PNG_VALUE})
    @Operation(
            operationId = "detect",
            summary = "Detect objects in images",
            description =
                    "Boxes with labels and scores of one or more images, best first, with masks if the model segments"
                            + " instances. With `Accept: image/png`, a picture of one image.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The results. If only some images fail, each of these has a problem instead of a result.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = DetectionResponse.class)),
                @Content(mediaType = MediaType.IMAGE_PNG_VALUE, schema = @Schema(type = "string", format = "binary"))
            })
    ResponseEntity<Object> detect(
            @PathVariable @Parameter(example = "bloodcell-fcos-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(required = false)
                    @Parameter(
                            description = "Lowest score of a box; by default that of the model",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float threshold,
            @RequestParam(required = false)
                    @Parameter(
                            description = "Most boxes per image, the best ones; by default that of the model",
                            schema =
                                    @Schema(
                                            type = "integer",
                                            format = "int32",
                                            minimum = "1",
                                            maximum = "" + Thresholds.MOST_DETECTIONS))
                    @Nullable
                    Integer maxDetections,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Two boxes that overlap by more than this show the same object (intersection over union);"
                                            + " by default that of the model",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float iou,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Labels that count, separated by commas or each in a parameter of its own; by default all")
                    @Nullable
                    List<String> classes,
            @RequestParam(defaultValue = "false")
                    @Parameter(description = "Whether boxes of different labels suppress each other")
                    boolean agnostic,
            @RequestParam(defaultValue = "rle")
                    @Parameter(description = "Encoding of the masks, if the model segments instances")
                    MaskWriter.Masks masks,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(description = "Contents of the picture, with `Accept: image/png`")
                    BoxRender render,
            @RequestParam(defaultValue = "1") @PageParameter int page,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        QueryParameter.requireRange("threshold", threshold, 0, 1);
        QueryParameter.requireRange("maxDetections", maxDetections, 1, Thresholds.MOST_DETECTIONS);
        QueryParameter.requireRange("iou", iou, 0, 1);
        List<String> chosen = classes == null ? List.of() : classes;
        DetectionTask task = new DetectionTask(threshold, maxDetections, iou, chosen, agnostic, new MaskWriter(masks));
        Function<Detections, byte[]> picture = found -> switch (render) {
            case OVERLAY -> found.overlay();
        };
        return requests.answer(model, version, task.task(), request, (served, client) -> {
            requireLabels(chosen, served.manifest().labels());
            return pipeline.answer(task, Map.of(MediaType.IMAGE_PNG, picture), served, client, request, page);
        });
    }

    private static void requireLabels(List<String> chosen, List<String> labels) {
        for (String label : chosen) {
            if (!labels.contains(label)) {
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "The parameter 'classes' has \"%s\", but the labels of the model are %s."
                                        .formatted(label, labels))
                        .asException();
            }
        }
    }
}
