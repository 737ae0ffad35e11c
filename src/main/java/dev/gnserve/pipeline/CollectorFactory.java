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

    /**
     * Heap that an image takes beside {@link #bytesPerPixel}, as it follows its sides or the model's tiles, in bytes.
     *
     * @param width of the upright image
     * @param height of the upright image
     */
    default long bytesBeside(ModelManifest manifest, int width, int height) {
        return 0;
    }

    /**
     * What an image takes of the {@link PixelBudget}.
     *
     * @param pixels of the image, as the budget counts them for decoding
     */
    default long inBudget(ModelManifest manifest, long pixels, int width, int height) {
        long enlarged = manifest.input().clip() == null
                ? manifest.preprocessor().enlargedBytes(width, height, InputsInFlight.limit(manifest))
                : 0; // The pixels of clips have their inputs.
        return (pixels * bytesPerPixel(manifest) + bytesBeside(manifest, width, height) + enlarged) / USUAL_BYTES;
    }
}
