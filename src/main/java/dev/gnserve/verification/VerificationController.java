package dev.gnserve.verification;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.PageNumber;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.ModelRepository;
import dev.gnserve.model.Task;
import dev.gnserve.pipeline.ImageBody;
import dev.gnserve.pipeline.ImagePipeline;
import dev.gnserve.pipeline.ImagePipeline.FirstTile;
import dev.gnserve.pipeline.ModelRequests;
import dev.gnserve.pipeline.PageParameter;
import dev.gnserve.pipeline.QueryParameter;
import dev.gnserve.pipeline.Upload;
import dev.gnserve.pipeline.UploadReader;
import dev.gnserve.pipeline.VolumePipeline;
import dev.gnserve.problem.FailsWith;
import dev.gnserve.problem.RequestId;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.Parameter;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** {@code GET /v1/models/{model}/layers} and {@code POST /v1/models/{model}/verify}. */
@RestController
@Tag(name = "verification")
class VerificationController {

    private static final int LARGEST_BATCH = 64;

    private final ModelRepository repository;
    private final ModelRequests requests;
    private final ImagePipeline pipeline;
    private final VolumePipeline volumes;
    private final UploadReader uploads;

    VerificationController(
            ModelRepository repository,
            ModelRequests requests,
            ImagePipeline pipeline,
            VolumePipeline volumes,
            UploadReader uploads) {
        this.repository = repository;
        this.requests = requests;
        this.pipeline = pipeline;
        this.volumes = volumes;
        this.uploads = uploads;
    }

    /**
     * The normalization layers of a model.
     *
     * @param layers in the order of the module tree
     */
    record LayerList(
            @Schema(example = "nuclei-unet-gn") String model,
            @Schema(example = "1") String version,
            List<LayerDescription> layers) {}

    /**
     * The result of one verification.
     *
     * @param page of the file that was used; absent where it has one
     * @param operator what the engine was compared with
     * @param calls all calls of a Group Normalization, in the order of the model
     * @param batchInvariance the image alone compared with the image in batches; null if it was skipped
     * @param unverified normalization layers without a checked call
     * @param reason what failed first, or why nothing could be checked; null for PASS
     */
    @Schema(name = "VerificationResponse")
    record Verified(
            @Schema(example = "nuclei-unet-gn") String model,
            @Schema(example = "1") String version,
            String requestId,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            PageNumber page,

            Operator operator,
            List<CallCheck> calls,
            @Nullable BatchInvariance batchInvariance,
            List<UnverifiedLayer> unverified,
            Verdict verdict,
            @Nullable String reason) {}

    /**
     * What the engine was compared with.
     *
     * @param kernel name of the kernel that screens all values: scalar, until the process has compared so many that vectors pay
     * @param reason what the kernel does, and what decides
     */
    @Schema(name = "ReferenceOperator")
    record Operator(
            @Schema(example = "vector-512") String kernel,
            @Schema(example = Operator.SCREENS) String reason) {

        private static final String SCREENS =
                "finds the groups that may hold the largest error, by a proven bound; scalar float64 judges these";

        static Operator ofLayerChecks() {
            return new Operator(LayerCheck.kernel().name(), SCREENS);
        }
    }

    @GetMapping(path = "/v1/models/{model}/layers", produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "listLayers",
            summary = "Every normalization layer found in a model's archive",
            description =
                    "Each layer with its kind, groups, channels and epsilon, as the archive says them. Nothing is run.")
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.MODEL_UNAVAILABLE
    })
    LayerList listLayers(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version) {
        LoadedModel found = repository.find(model, version);
        return new LayerList(
                found.name(),
                found.version(),
                found.companion(ModelVerification.class).layers());
    }

    @PostMapping(
            path = "/v1/models/{model}/verify",
            consumes = {MediaType.MULTIPART_FORM_DATA_VALUE, "image/*", MediaType.APPLICATION_OCTET_STREAM_VALUE},
            produces = MediaType.APPLICATION_JSON_VALUE)
    @Operation(
            operationId = "verify",
            summary = "Compare every Group Normalization of a run with float64",
            description =
                    "Runs an instrumented copy of the model on one image (of a large image, on its first tile), compares"
                            + " each call of a Group Normalization with the exact result for its own input, and the"
                            + " image's outputs alone with those in batches.")
    @ImageBody
    @FailsWith({
        FailureCode.INVALID_REQUEST,
        FailureCode.UNAUTHENTICATED,
        FailureCode.MODEL_NOT_FOUND,
        FailureCode.WRONG_TASK,
        FailureCode.UPLOAD_TOO_LARGE,
        FailureCode.IMAGE_TOO_LARGE,
        FailureCode.UNSUPPORTED_MEDIA,
        FailureCode.IMAGE_UNDECODABLE,
        FailureCode.OVERLOADED,
        FailureCode.MODEL_UNAVAILABLE,
        FailureCode.DEADLINE_EXCEEDED,
        FailureCode.ENGINE_FAULT
    })
    Verified verify(
            @PathVariable @Parameter(example = "nuclei-unet-gn") String model,
            @RequestParam(required = false)
                    @Parameter(description = "Version of the model; without it, the default one")
                    @Nullable
                    String version,
            @RequestParam(defaultValue = "2")
                    @Parameter(
                            description =
                                    "Largest batch of the invariance check, which tries 2, 4, 8, ... up to it; 0 leaves"
                                            + " it out. Costs as many inferences as these have images."
                                            + " Where memory allows fewer images at once, batch in the answer is smaller",
                            schema = @Schema(type = "integer", minimum = "0", maximum = "64"))
                    int batch,
            @RequestParam(defaultValue = "1") @PageParameter int page,
            HttpServletRequest request)
            throws IOException {
        QueryParameter.requirePage(page);
        QueryParameter.requireRange("batch", batch, 0, LARGEST_BATCH);
        LoadedModel found = repository.find(model, version);
        found.requireReady();
        if (found.manifest().task() == Task.TENSORS) {
            throw new FailureException(
                    FailureCode.WRONG_TASK,
                    "The model '%s' takes tensors and no images; check its archive with gnserve verify FILE.pt --random."
                            .formatted(model));
        }
        if (found.manifest().input().parameters() != null) {
            throw new FailureException(
                    FailureCode.INVALID_REQUEST,
                    "The model '%s' takes other tensors beside an image. It is verified at load; check its archive with gnserve verify FILE.pt --shape."
                            .formatted(model));
        }
        return requests.answer(model, version, found.manifest().task(), request, (served, caller) -> {
            ModelVerification verification = served.companion(ModelVerification.class);
            Upload upload = only(served.manifest(), uploads.read(request, page));
            FirstTile tile = served.manifest().input().volume() == null
                    ? pipeline.firstTile(served.manifest(), upload)
                    : volumes.firstWindow(served.manifest(), upload);
            VerificationReport report =
                    verification.publish(caller.await(verification.verify(tile.input(), batch), "the verification"));
            return new Verified(
                    served.name(),
                    served.version(),
                    RequestId.of(request),
                    tile.page(),
                    Operator.ofLayerChecks(),
                    report.calls(),
                    report.batchInvariance(),
                    report.unverified(),
                    report.verdict(),
                    report.reason());
        });
    }

    private static Upload only(ModelManifest manifest, List<Upload> images) {
        if (manifest.input().clip() != null) {
            return ImagePipeline.clip(images);
        }
        if (images.size() != 1) {
            throw new FailureException(
                    FailureCode.INVALID_REQUEST,
                    "One image per verification, not %d. Send them one by one.".formatted(images.size()));
        }
        return images.get(0);
    }
}
