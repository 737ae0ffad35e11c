package dev.gnserve.backend;

/**
 * What a back end is.
 *
 * @param name with its version, as {@code PyTorch 2.7.1}
 * @param device where models run by default, as {@code cpu} or {@code gpu0}
 * @param threads how many threads all forward passes of one moment share
 */
public record BackendDescription(String name, String device, int threads) {}
