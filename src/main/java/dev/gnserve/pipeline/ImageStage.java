package dev.gnserve.pipeline;

import java.time.Duration;

/**
 * One stage of one image is done.
 *
 * @param model the model that serves the request
 * @param version of the model
 * @param stage which one
 * @param elapsed how long it took
 */
public record ImageStage(String model, String version, Name stage, Duration elapsed) {

    /** The stages outside the engine. */
    public enum Name {
        DECODE,
        PREPROCESS,
        POSTPROCESS,
        ENCODE
    }
}
