package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
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

/** {@code POST /v1/models/{model}/segment}. */
@RestController
@Tag(name = "inference")
class SegmentationController {

    private final InferenceRequests requests;

    SegmentationController(InferenceRequests requests) {
        this.requests = requests;
    }

    /** How masks are written in JSON. */
    enum Masks {
        @JsonProperty("rle")
        RLE,
        @JsonProperty("png")
        PNG,
        @JsonProperty("polygon")
        POLYGON,
        @JsonProperty("none")
        NONE
    }

    /** What the picture shows. */
    enum Render {
        @JsonProperty("overlay")
        OVERLAY,
        @JsonProperty("labels")
        LABELS,
        @JsonProperty("objects")
        OBJECTS
    }

    @PostMapping(
            path = "/v1/models/{model}/segment",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = {MediaType.APPLICATION_JSON_VALUE, MediaType.IMAGE_PNG_VALUE})
    @Operation(
            operationId = "segment",
            summary = "Segment images",
            description =
                    "Masks, pixels per class and objects of one or more images; with `Accept: image/png` a picture"
                            + " of one image instead.")
    @ImageBody
    @ApiResponse(
            responseCode = "200",
            description = "What was found; with several images, those that failed carry a problem instead.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = SegmentationResponse.class)),
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
    ResponseEntity<Object> segment(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; default the newest that is ready")
                    @Nullable
                    String version,
            @RequestParam(required = false)
                    @Parameter(
                            description = "Probability above which a pixel belongs to a class; default the model's own",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float threshold,
            @RequestParam(defaultValue = "rle") @Parameter(description = "How masks are written") Masks masks,
            @RequestParam(defaultValue = "true") @Parameter(description = "Whether separate objects are listed")
                    boolean objects,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(description = "What a picture shows, with `Accept: image/png`")
                    Render render,
            HttpServletRequest request)
            throws IOException {
        requireProbability(threshold);
        boolean picture = AcceptedPicture.isPreferred(request);
        return requests.answer(Task.SEGMENTATION, model, version, request, (served, images, deadline) -> {
            if (picture) {
                AcceptedPicture.requireOne(images);
                byte[] png = requests.run(
                                served,
                                images,
                                deadline,
                                (upload, run) -> picture(served, segment(run, served, threshold), render),
                                (upload, failure) -> new byte[0])
                        .get(0);
                return ResponseEntity.ok().contentType(MediaType.IMAGE_PNG).body(png);
            }
            String requestId = RequestId.of(request);
            MaskWriter writer = new MaskWriter(masks);
            List<SegmentedImage> results = requests.run(
                    served,
                    images,
                    deadline,
                    (upload, run) -> describe(upload, segment(run, served, threshold), writer, objects, served),
                    (upload, failure) -> SegmentedImage.failed(upload.name(), Problems.of(failure, requestId)));
            return ResponseEntity.ok()
                    .contentType(MediaType.APPLICATION_JSON)
                    .body(new SegmentationResponse(served.name(), served.version(), requestId, results));
        });
    }

    private Segmentation segment(ImageRun run, ServedModel served, @Nullable Float threshold) {
        Segmenter segmenter = new Segmenter(served.manifest(), run.image(), run.prepared());
        long[] adding = new long[1];
        run.forEachTile(tile -> {
            long began = System.nanoTime();
            segmenter.add(tile);
            adding[0] += System.nanoTime() - began;
        });
        long began = System.nanoTime() - adding[0];
        List<SegmentedClass> classes = segmenter.classes(
                threshold == null ? served.manifest().thresholds().mask() : threshold);
        Duration postprocess = requests.stage(served, ImageStage.Name.POSTPROCESS, began);
        return new Segmentation(run.image(), classes, run.timing(postprocess));
    }

    private byte[] picture(ServedModel served, Segmentation segmentation, Render render) {
        long began = System.nanoTime();
        byte[] png = switch (render) {
            case OVERLAY -> segmentation.overlay();
            case LABELS -> segmentation.labels();
            case OBJECTS -> segmentation.objectIds();
        };
        requests.stage(served, ImageStage.Name.ENCODE, began);
        return png;
    }

    private SegmentedImage describe(
            Upload upload, Segmentation segmentation, MaskWriter writer, boolean objects, ServedModel served) {
        long began = System.nanoTime();
        SegmentedImage described = segmentation.describe(upload.name(), writer, objects);
        requests.stage(served, ImageStage.Name.ENCODE, began);
        return described;
    }

    private static void requireProbability(@Nullable Float threshold) {
        if (threshold != null && !(threshold >= 0 && threshold <= 1)) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "The parameter 'threshold' is %s; it must lie between 0 and 1.".formatted(threshold))
                    .asException();
        }
    }
}
