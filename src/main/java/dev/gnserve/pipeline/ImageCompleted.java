package dev.gnserve.pipeline;

/** Something was found in an image; published on the thread of its request. */
public record ImageCompleted(Timing timing) {}
