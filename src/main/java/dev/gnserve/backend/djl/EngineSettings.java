package dev.gnserve.backend.djl;

import dev.gnserve.backend.Device;

/**
 * The engine's settings for the whole process.
 *
 * @param device where models run
 * @param threads number of threads that all simultaneous forward passes share; best is the number of cores
 */
public record EngineSettings(Device device, int threads) {

    public EngineSettings {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("threads is " + threads + ", allowed is 1 to 1024");
        }
    }

    /** On a GPU if there is one, else on all cores. */
    public static EngineSettings defaults() {
        return new EngineSettings(Device.AUTO, Runtime.getRuntime().availableProcessors());
    }
}
