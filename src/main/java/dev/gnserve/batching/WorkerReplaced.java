package dev.gnserve.batching;

/**
 * A worker died, which is a defect, and another has taken its place.
 *
 * @param model whose worker
 * @param version of the model
 * @param cause what it died of
 */
public record WorkerReplaced(String model, String version, Throwable cause) {}
