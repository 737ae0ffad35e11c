package dev.gnserve.batching;

/**
 * Event: a worker has died, which is a defect, and a new worker has replaced it.
 *
 * @param model name of the model
 * @param version version of the model
 * @param cause the exception that ended the worker
 */
public record WorkerReplaced(String model, String version, Throwable cause) {}
