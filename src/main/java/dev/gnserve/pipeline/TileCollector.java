package dev.gnserve.pipeline;

import dev.gnserve.backend.Prediction;

/**
 * Makes the result for an image from the model's outputs for its tiles. Not thread-safe.
 *
 * @param <R> the result
 */
public interface TileCollector<R> {

    /**
     * Adds the outputs for the next tile, in the order of the tiles.
     *
     * @throws dev.gnserve.failure.FailureException ENGINE_FAULT if they do not fit the manifest
     */
    void add(Prediction tile);

    /** The result, after the last tile. Called once. */
    R finish();
}
