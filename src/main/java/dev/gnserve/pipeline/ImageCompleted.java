package dev.gnserve.pipeline;

/** Event: the result of an image is made. Published on the thread of its request. */
public record ImageCompleted(Timing timing) {}
