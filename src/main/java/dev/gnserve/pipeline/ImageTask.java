package dev.gnserve.pipeline;

import dev.gnserve.image.Cancellation;
import dev.gnserve.model.LoadedModel;
import dev.gnserve.model.Task;
import dev.gnserve.problem.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task on images with the parameters of a request: the part of the {@link ImagePipeline} that differs between tasks. Immutable.
 *
 * @param <R> the result for one image
 * @param <J> its JSON document
 */
public interface ImageTask<R, J> extends CollectorFactory<R> {

    /** The task that the model must have. */
    Task task();

    /**
     * The JSON document of a result.
     *
     * @param cancellation asked between objects, which may be many
     */
    J describe(String name, R found, Timing timing, Cancellation cancellation);

    /** A PNG of the image with the result drawn on it; null for a task that draws nothing. */
    default byte @Nullable [] picture(R found) {
        return null;
    }

    /**
     * How far two versions of a model agree on one image: 1 if they answer the same, 0 if they have nothing in common.
     *
     * @param served the answer that the client got
     * @param other the answer of another version
     */
    double agreement(R served, R other);

    /** The JSON document of an image that failed, where others of its request succeeded. */
    J failed(String name, Problem problem);

    /** The JSON document of the response. */
    Object response(LoadedModel model, String requestId, List<J> images);
}
