package dev.gnserve.pipeline;

import dev.gnserve.image.PreparedImage;
import dev.gnserve.image.UprightImage;
import dev.gnserve.model.ModelManifest;

/**
 * Makes what makes results: of an image, from the model's outputs for its tiles. Immutable.
 *
 * @param <R> the result for one image
 */
@FunctionalInterface
public interface CollectorFactory<R> {

    /** As {@link PixelBudget} counts them. */
    int USUAL_BYTES = (int) PixelBudget.BYTES_PER_PIXEL;

    /**
     * A collector for one image.
     *
     * @param prepared the model's inputs for the image
     */
    TileCollector<R> collector(ModelManifest manifest, UprightImage image, PreparedImage prepared);

    /**
     * Heap for one pixel of an image from the decoded image to the response. Tasks that hold more than {@link #USUAL_BYTES} admit fewer
     * pixels at a time.
     */
    default int bytesPerPixel(ModelManifest manifest) {
        return USUAL_BYTES;
    }
}
