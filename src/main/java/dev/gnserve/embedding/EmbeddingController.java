package dev.gnserve.embedding;

import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImageTask;
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
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Bean;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** {@code POST /v1/models/{model}/embed}. */
@RestController
@Tag(name = "inference")
class EmbeddingController {

    private static final EmbeddingTask TASK = new EmbeddingTask();

    private final ModelRequests requests;
    private final ImagePipeline pipeline;

    EmbeddingController(ModelRequests requests, ImagePipeline pipeline) {
        this.requests = requests;
        this.pipeline = pipeline;
    }

    @Bean
    static ImageTask<?, ?> defaultEmbedding() {
        return TASK;
    }

    @PostMapping(
            path = "/v1/models/{model}/embed",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "embed",
            summary = "Embed images as vectors",
            description =
                    "One vector for each of one or more images. If model.yaml has output.normalize: true, it has length 1.")
    @TaskOperation
    @ApiResponse(
            responseCode = "200",
            description = "The vectors. If only some images fail, each of these has a problem instead of a result.",
            content =
                    @Content(
                            mediaType = MediaType.APPLICATION_JSON_VALUE,
                            schema = @Schema(implementation = EmbeddingResponse.class)))
    ResponseEntity<Object> embed(
            @PathVariable @Parameter(example = "tissue-encoder-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(defaultValue = "1") @PageParameter int page,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        return requests.answer(
                model,
                version,
                TASK.task(),
                request,
                (served, client) -> pipeline.answer(TASK, Map.of(), served, client, request, page));
    }
}
