package dev.gnserve.volume;

/**
 * A volume in memory.
 *
 * @param values float32 [channels, depth, height, width], row-major; shared, and changed by {@link VolumeStep} only
 */
@SuppressWarnings("ArrayRecordComponent") // Held once, compared never; a copy would cost hundreds of megabytes.
public record Volume(VolumeShape shape, float[] values, Geometry geometry) {}
