package dev.gnserve.backend;

/** Where models run. {@code AUTO} is the GPU if the engine finds one, else the CPU. */
public enum Device {
    AUTO,
    CPU,
    GPU
}
