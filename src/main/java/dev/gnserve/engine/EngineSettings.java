package dev.gnserve.engine;

/**
 * What holds for the whole process.
 *
 * @param device where models run
 * @param threads how many threads work on one forward pass, unless a model says otherwise
 */
public record EngineSettings(Device device, int threads) {

    public EngineSettings {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("threads is " + threads + ", allowed is 1 to 1024");
        }
    }

    /** Every core works on one forward pass at a time. */
    public static EngineSettings defaults() {
        return new EngineSettings(Device.AUTO, Runtime.getRuntime().availableProcessors());
    }
}
