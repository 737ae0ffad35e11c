package dev.gnserve.pipeline;

/**
 * Event: an image, or a request with tensors, was chosen to be answered by the shadow version, too.
 *
 * @param model name of the model
 * @param version that answered the client
 * @param shadow version that was compared
 * @param agreement 0 to 1 as {@link ImageTask#agreement}; 0 if it was not compared
 */
public record ShadowCompared(String model, String version, String shadow, Outcome outcome, double agreement) {

    /** COMPARED; FAILED: the shadow gave no answer; DROPPED: another copy was running, or there was no room for it. */
    public enum Outcome {
        COMPARED,
        FAILED,
        DROPPED
    }
}
