package dev.gnserve.pipeline;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import dev.gnserve.image.Cancellation;
import dev.gnserve.image.ImageDecoder;
import dev.gnserve.image.ImageLimits;
import dev.gnserve.model.Inference;
import dev.gnserve.model.ModelManifest;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs the golden image of a model through the pipeline, and compares the result with the expected one. Thread-safe. */
@Component
public final class GoldenImage {

    /** A Spring profile in which models load without the check of their golden image. */
    public static final String UNCHECKED = "golden-unchecked";

    private final DefaultTasks tasks;
    private final JsonMapper json;
    private final ImagePipeline pipeline;

    GoldenImage(DefaultTasks tasks, JsonMapper json, ImagePipeline pipeline) {
        this.tasks = tasks;
        this.json = json;
        this.pipeline = pipeline;
    }

    /**
     * The result for an image, as a response with one image gives it.
     *
     * @param inference runs the tiles
     * @throws FailureException if the image fails, or WRONG_TASK if the model takes no images
     */
    public JsonNode result(ModelManifest manifest, Inference inference, Upload image) {
        ImageTask<?, ?> task = tasks.of(manifest.task());
        if (task == null) {
            throw Failure.of(
                            FailureCode.WRONG_TASK,
                            "a model with the task %s has no golden image: it takes tensors"
                                    .formatted(manifest.task().label()))
                    .asException();
        }
        return json.valueToTree(result(task, manifest, inference, image));
    }

    private <R, J> J result(ImageTask<R, J> task, ModelManifest manifest, Inference inference, Upload image) {
        ImagePipeline.Found<R> found = pipeline.find(task, manifest, inference, image);
        return task.describe(found.name(), found.result(), found.timing(), Cancellation.NEVER);
    }

    /**
     * The first difference from an expected response, with its numbers; null if there is none.
     *
     * @param expected the JSON of a response; its first image counts
     * @throws JacksonException if it is not JSON
     */
    public @Nullable String difference(byte[] expected, JsonNode given, float tolerance) {
        return new GoldenComparison(tolerance).difference(firstImage(expected), given);
    }

    /**
     * A PNG of the image with what differs drawn on it; null for results without a place in the image.
     *
     * @param manifest of the model, which says what channels the image has
     * @throws JacksonException if the expected response is not JSON
     */
    public byte @Nullable [] picture(
            ModelManifest manifest, Upload image, byte[] expected, JsonNode given, float tolerance) {
        return GoldenPicture.of(
                new ImageDecoder(ImageLimits.DEFAULT)
                        .decode(image.bytes(), image.page(), manifest.input().colour(), Cancellation.NEVER),
                firstImage(expected),
                given,
                new GoldenComparison(tolerance));
    }

    private JsonNode firstImage(byte[] response) {
        return json.readTree(response).path("images").path(0);
    }
}
