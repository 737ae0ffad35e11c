package dev.gnserve.verification;

/** A normalization layer that was not verified, with the reason. */
public record UnverifiedLayer(String layer, String reason) {}
