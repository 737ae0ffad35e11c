package dev.gnserve.verification;

/**
 * A served model was verified.
 *
 * @param model its name
 */
public record VerificationCompleted(String model, String version, VerificationReport report) {}
