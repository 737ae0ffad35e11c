package dev.gnserve.verification;

/**
 * Event: a loaded model was verified.
 *
 * @param model name of the model
 */
public record VerificationCompleted(String model, String version, VerificationReport report) {}
