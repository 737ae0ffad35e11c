package dev.gnserve.backend;

/** Where models run; {@code AUTO} is the GPU when the engine sees one. */
public enum Device {
    AUTO,
    CPU,
    GPU
}
