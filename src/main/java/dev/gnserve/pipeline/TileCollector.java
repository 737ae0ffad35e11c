package dev.gnserve.pipeline;

import dev.gnserve.backend.Prediction;

/**
 * Puts together what a model gave for the tiles of one image. Not thread-safe.
 *
 * @param <R> what was found in the image
 */
public interface TileCollector<R> {

    /**
     * Takes the outputs of the next tile, in the order of the tiles.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if they are not what the manifest says
     */
    void add(Prediction tile);

    /** What was found, once all tiles are there. */
    R finish();
}
