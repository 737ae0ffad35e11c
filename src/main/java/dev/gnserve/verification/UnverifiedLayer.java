package dev.gnserve.verification;

/** A normalization layer that the run says nothing about, and why. */
public record UnverifiedLayer(String layer, String reason) {}
