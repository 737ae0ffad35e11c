package dev.gnserve.segmentation;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.QueryParameter;
import dev.gnserve.pipeline.TaskOperation;
import dev.gnserve.pipeline.VolumePipeline;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
    private final VolumeAnswers volumes;

    SegmentationController(ModelRequests requests, ImagePipeline pipeline, VolumePipeline volumes) {
        this.requests = requests;
        this.pipeline = pipeline;
        this.volumes = new VolumeAnswers(volumes);
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
            produces = {
                MediaType.APPLICATION_JSON_VALUE,
                MediaType.IMAGE_PNG_VALUE,
                "image/tiff",
                "application/gzip",
                MediaType.APPLICATION_OCTET_STREAM_VALUE
            })
    @Operation(
            operationId = "segment",
            summary = "Segment images or a volume",
            description =
                    "Masks, pixels per class and objects of one or more images. With `Accept: image/png`, a picture of one"
                            + " image. A model that takes volumes (input.volume in model.yaml) takes one volume: a TIFF stack, NIfTI-1"
                            + " or an array of NumPy. It answers with volumes in JSON, or with a file: see format and content.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The results. If only some images fail, each of these has a problem instead of a result.",
            content = {
                @Content(
                        mediaType = MediaType.APPLICATION_JSON_VALUE,
                        schema = @Schema(implementation = SegmentationResponse.class)),
                @Content(mediaType = MediaType.IMAGE_PNG_VALUE, schema = @Schema(type = "string", format = "binary")),
                @Content(mediaType = "image/tiff", schema = @Schema(type = "string", format = "binary")),
                @Content(mediaType = "application/gzip", schema = @Schema(type = "string", format = "binary")),
                @Content(
                        mediaType = MediaType.APPLICATION_OCTET_STREAM_VALUE,
                        schema = @Schema(type = "string", format = "binary"))
            })
    ResponseEntity<Object> segment(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Probability above which a pixel belongs to a class; by default that of the model",
                            schema = @Schema(type = "number", format = "float", minimum = "0", maximum = "1"))
                    @Nullable
                    Float threshold,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Encoding of the masks. By default rle for images and none for a volume, which has rle, one mask for"
                                            + " each plane, or none",
                            schema = @Schema(implementation = MaskWriter.Masks.class))
                    MaskWriter.@Nullable Masks masks,
            @RequestParam(defaultValue = "true") @Parameter(description = "Whether to list separate objects")
                    boolean objects,
            @RequestParam(defaultValue = "overlay")
                    @Parameter(description = "Contents of the picture, with `Accept: image/png`")
                    Render render,
            @RequestParam(defaultValue = "1")
                    @Parameter(
                            description = QueryParameter.PAGE,
                            schema =
                                    @Schema(
                                            type = "integer",
                                            format = "int32",
                                            defaultValue = "1",
                                            minimum = "1",
                                            maximum = "" + QueryParameter.MOST_PAGES))
                    int page,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Format of the answer for a volume; by default what Accept prefers, or json. png is a picture"
                                            + " of the projection along z")
                    VolumeAnswers.@Nullable Format format,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Values of a file for a volume: label numbers (the default), object numbers, or of each output"
                                            + " channel the probability or the blended output")
                    VolumeRequest.@Nullable Content content,
            @RequestParam(required = false)
                    @Parameter(
                            description =
                                    "Name of the array that is the volume, in a file of NumPy with several (.npz)",
                            example = "raw")
                    @Nullable
                    String array,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        QueryParameter.requireRange("threshold", threshold, 0, 1);
        MaskWriter writer = new MaskWriter(Objects.requireNonNullElse(masks, MaskWriter.Masks.RLE));
        SegmentationTask task = new SegmentationTask(threshold, writer, objects);
        Function<Segmentation, byte[]> picture = found -> switch (render) {
            case OVERLAY -> found.overlay();
            case LABELS -> found.labels();
            case OBJECTS -> found.objectIds();
        };
        return requests.answer(model, version, task.task(), request, (served, client) -> {
            if (served.manifest().input().volume() != null) {
                boolean slices = masks == MaskWriter.Masks.RLE;
                if (masks != null && !slices && masks != MaskWriter.Masks.NONE) {
                    throw Failure.of(
                                    FailureCode.INVALID_REQUEST,
                                    "The parameter 'masks' is '%s'; allowed for a volume are rle (a mask for each plane) and none."
                                            .formatted(masks.name().toLowerCase(Locale.ROOT)))
                            .asException();
                }
                boolean overlay = render == Render.OVERLAY;
                VolumeRequest.Content shown =
                        render == Render.OBJECTS ? VolumeRequest.Content.OBJECTS : VolumeRequest.Content.LABELS;
                return volumes.answer(
                        threshold, objects, format, content, overlay, shown, slices, array, served, client, request);
            }
            if (format != null || content != null || array != null) {
                throw Failure.of(
                                FailureCode.INVALID_REQUEST,
                                "The parameters 'format', 'content' and 'array' go with models of volumes, and the model '%s' takes images. Use 'Accept' and 'render'."
                                        .formatted(model))
                        .asException();
            }
            return pipeline.answer(task, Map.of(MediaType.IMAGE_PNG, picture), served, client, request, page);
        });
    }
}
