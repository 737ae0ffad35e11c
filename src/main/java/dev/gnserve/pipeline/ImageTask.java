package dev.gnserve.pipeline;

import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.ModelManifest;
import dev.gnserve.model.Task;
import dev.gnserve.problem.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task's own part of the way of an image; {@link ImagePipeline} is the rest. Made for one request and called by one thread.
 *
 * @param <R> what was found in an image
 * @param <J> how JSON says it
 */
public interface ImageTask<R, J> {

    /** What the model must be for. */
    Task task();

    /**
     * Begins an image.
     *
     * @param prepared the same image as the model takes it
     */
    TileCollector<R> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared);

    /** What was found in an image, in JSON. */
    J describe(String name, R found, Timing timing);

    /** What was found, drawn on the image, as a PNG; null for a task that draws nothing. */
    default byte @Nullable [] picture(R found) {
        return null;
    }

    /** An image that failed while others of its request may succeed. */
    J failed(String name, Problem problem);

    /** The answer to the request. */
    Object response(LoadedModel model, String requestId, List<J> images);
}
