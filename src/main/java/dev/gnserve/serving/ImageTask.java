package dev.gnserve.serving;

import dev.gnserve.model.ServedModel;
import dev.gnserve.model.Task;
import dev.gnserve.problem.Problem;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task's own part of a request; {@link TaskRequests} does what all tasks have in common. Made for one request and
 * called by one thread.
 *
 * @param <R> what was found in an image
 * @param <J> how that is told in JSON
 */
public interface ImageTask<R, J> {

    /** What the model must be for. */
    Task task();

    /** Begins an image whose tiles are about to come. */
    TileCollector<R> collector(ServedModel model, ImageRun run);

    /** What was found in an image, in JSON. */
    J describe(String name, R found, Timing timing);

    /** What was found, drawn on the image, as a PNG; null for a task that draws nothing. */
    default byte @Nullable [] picture(R found) {
        return null;
    }

    /** An image that failed while others of its request may succeed. */
    J failed(String name, Problem problem);

    /** The answer to the request. */
    Object response(ServedModel model, String requestId, List<J> images);
}
