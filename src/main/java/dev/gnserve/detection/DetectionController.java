package dev.gnserve.detection;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
import dev.gnserve.model.Thresholds;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.Problems;
import dev.gnserve.problem.RequestId;
import dev.gnserve.serving.AcceptedPicture;
import dev.gnserve.serving.ImageBody;
import dev.gnserve.serving.ImageRun;
import dev.gnserve.serving.ImageStage;
import dev.gnserve.serving.InferenceRequests;
import dev.gnserve.serving.Upload;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
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

    private final InferenceRequests requests;

    DetectionController(InferenceRequests requests) {
        this.requests = requests;
    }

    /** What the picture shows. */
    enum BoxRender {
        @JsonProperty("overlay")
        OVERLAY
    }

    @PostMapping(
            path = "/v1/models/{model}/detect",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = {MediaType.APPLICATION_JSON_VALUE, MediaType.IMAGE_PNG_VALUE})
    @Operation(
            operationId = "detect",
            summary = "Detect objects in images",
            description =
                    "Boxes with labels and scores of one or more images, best first; with `Accept: image/png` a picture"
                            + " of one image instead.")
    @ImageBody
    @ApiResponse(
            responseCode = "200",
            description = "What was found; with several images, those that failed carry a problem instead.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = DetectionResponse.class)),
                @Content(mediaType = MediaType.IMAGE_PNG_VALUE, schema = @Schema(type = "string", format = "binary"))
            })
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.WRONG_TASK,
        FailureCode.UPLOAD_TOO_LARGE,
        FailureCode.IMAGE_TOO_LARGE,
        FailureCode.UNSUPPORTED_MEDIA,
        FailureCode.IMAGE_UNDECODABLE,
        FailureCode.OVERLOADED,
        FailureCode.MODEL_UNAVAILABLE,
        FailureCode.SHUTTING_DOWN,
        FailureCode.DEADLINE_EXCEEDED,
        FailureCode.ENGINE_FAULT
    })
    ResponseEntity<Object> detect(
            @PathVariable @Parameter(example = "bloodcell-fcos-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; default the newest that is ready")
                    @Nullable
                    String version,
            @RequestParam(required = false)
                    @Parameter(
                            description = "Score from which on a box counts; default the model's own",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float threshold,
            @RequestParam(required = false)
                    @Parameter(
                            description = "Boxes per image at most, the best; default the model's own",
                            schema =
                                    @Schema(
                                            type = "integer",
                                            format = "int32",
                                            minimum = "1",
                                            maximum = "" + Thresholds.MOST_DETECTIONS))
                    @Nullable
                    Integer maxDetections,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(description = "What a picture shows, with `Accept: image/png`")
                    BoxRender render,
            HttpServletRequest request)
            throws IOException {
        requireRange("threshold", threshold, 0, 1);
        requireRange("maxDetections", maxDetections, 1, Thresholds.MOST_DETECTIONS);
        boolean picture = AcceptedPicture.isPreferred(request);
        return requests.answer(Task.DETECTION, model, version, request, (served, images, deadline) -> {
            if (picture) {
                AcceptedPicture.requireOne(images);
                byte[] png = requests.run(
                                served,
                                images,
                                deadline,
                                (upload, run) -> picture(served, detect(run, served, threshold, maxDetections)),
                                (upload, failure) -> new byte[0])
                        .get(0);
                return ResponseEntity.ok().contentType(MediaType.IMAGE_PNG).body(png);
            }
            String requestId = RequestId.of(request);
            List<DetectedImage> results = requests.run(
                    served,
                    images,
                    deadline,
                    (upload, run) -> describe(upload, detect(run, served, threshold, maxDetections), served),
                    (upload, failure) -> DetectedImage.failed(upload.name(), Problems.of(failure, requestId)));
            return ResponseEntity.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(new DetectionResponse(served.name(), served.version(), requestId, results));
        });
    }

    private FoundInImage detect(
            ImageRun run, ServedModel served, @Nullable Float threshold, @Nullable Integer maxDetections) {
        Thresholds own = served.manifest().thresholds();
        Detector detector =
                new Detector(served.manifest(), run.prepared(), threshold == null ? own.score() : threshold);
        long[] adding = new long[1];
        run.forEachTile(tile -> {
            long began = System.nanoTime();
            detector.add(tile);
            adding[0] += System.nanoTime() - began;
        });
        long began = System.nanoTime() - adding[0];
        List<Detection> detections = detector.detections(maxDetections == null ? own.maxDetections() : maxDetections);
        Duration postprocess = requests.stage(served, ImageStage.Name.POSTPROCESS, began);
        return new FoundInImage(run.image(), served.manifest().labels(), detections, run.timing(postprocess));
    }

    private byte[] picture(ServedModel served, FoundInImage found) {
        long began = System.nanoTime();
        byte[] png = found.overlay();
        requests.stage(served, ImageStage.Name.ENCODE, began);
        return png;
    }

    private DetectedImage describe(Upload upload, FoundInImage found, ServedModel served) {
        long began = System.nanoTime();
        DetectedImage described = found.describe(upload.name());
        requests.stage(served, ImageStage.Name.ENCODE, began);
        return described;
    }

    private static void requireRange(String name, @Nullable Number value, int least, int most) {
        if (value != null && !(value.doubleValue() >= least && value.doubleValue() <= most)) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter '%s' is %s; it must lie between %d and %d."
                                    .formatted(name, value, least, most))
                    .asException();
        }
    }
}
