package dev.gnserve.classification;

import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
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
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /v1/models/{model}/classify}. */
@RestController
@Tag(name = "inference")
class ClassificationController {

    private static final int DEFAULT_TOP = 5;
    private static final int MOST_LABELS = 100_000;

    private final ModelRequests requests;
    private final ImagePipeline pipeline;

    ClassificationController(ModelRequests requests, ImagePipeline pipeline) {
        this.requests = requests;
        this.pipeline = pipeline;
    }

    @Bean
    static ImageTask<?, ?> defaultClassification() {
        return new ClassificationTask(DEFAULT_TOP);
    }

    @PostMapping(
            path = "/v1/models/{model}/classify",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "classify",
            summary = "Classify images",
            description =
                    "The labels of one or more images with their probabilities, best first. A model that takes clips (input.clip in"
                            + " model.yaml) takes one: an animated GIF, PNG or WebP, a TIFF with several pages, or several images as"
                            + " frames.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The labels. If only some images fail, each of these has a problem instead of a result.",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                            schema = @Schema(implementation = ClassificationResponse.class)))
    ResponseEntity<Object> classify(
            @PathVariable @Parameter(example = "smear-resnet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(defaultValue = "" + DEFAULT_TOP)
                    @Parameter(
                            description = "Most labels per image",
                            schema =
                                    @Schema(
                                            type = "integer",
                                            format = "int32",
                                            minimum = "1",
                                            maximum = "" + MOST_LABELS))
                    int top,
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
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        QueryParameter.requireRange("top", top, 1, MOST_LABELS);
        ClassificationTask task = new ClassificationTask(top);
        return requests.answer(
                model,
                version,
                task.task(),
                request,
                (served, client) -> pipeline.answer(task, Map.of(), served, client, request, page));
    }
}
