package dev.gnserve.pipeline;

import java.time.Duration;

/** Event: a stage of an image has ended. Published on the thread of its request. */
public record ImageStage(String model, String version, Name stage, Duration elapsed) {

    /** The stages outside the engine. */
    public enum Name {
        DECODE,
        PREPROCESS,
        POSTPROCESS,
        ENCODE
    }
}
