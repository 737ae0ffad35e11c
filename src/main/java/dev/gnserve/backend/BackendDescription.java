package dev.gnserve.backend;

/**
 * A back end's name, device and threads.
 *
 * @param name name and version: {@code PyTorch 2.7.1}
 * @param device where models run by default: {@code cpu}, {@code gpu0}
 * @param threads number of threads that all simultaneous forward passes share
 */
public record BackendDescription(String name, String device, int threads) {}
