package dev.gnserve.workshop.training;

import java.util.random.RandomGenerator;

/**
 * Random changes of the intensities of a crop, float32 [3, size, size] with values around 0..1, in place: what another microscope, stain,
 * exposure or polarity would have given.
 */
final class Augmentation {

    private final RandomGenerator random;

    Augmentation(RandomGenerator random) {
        this.random = random;
    }

    void apply(float[] planes, int size, boolean coloured) {
        if (coloured) {
            recolour(planes);
        } else if (chance(0.1)) {
            tint(planes);
        }
        // Moderate: how sharply a nucleus fades decides where its annotators drew the outline.
        if (chance(0.5)) {
            gamma(planes, (float) Math.exp(uniform(-0.5, 0.5)));
        }
        if (chance(0.6)) {
            scaleAndShift(planes, 0, planes.length, uniform(0.7, 1.3), uniform(-0.15, 0.15));
        }
        if (chance(0.08)) {
            scaleAndShift(planes, 0, planes.length, -1, 1);
        }
        if (chance(0.2)) {
            blur(planes, size);
        }
        if (chance(0.4)) {
            addNoise(planes, uniform(0, 0.08), coloured);
        }
    }

    /** A gray image has one sensor: its three channels get the same noise. */
    private void addNoise(float[] planes, float deviation, boolean coloured) {
        int plane = planes.length / 3;
        for (int i = 0; i < plane; i++) {
            float noise = deviation * (float) random.nextGaussian();
            planes[i] += noise;
            planes[i + plane] += coloured ? deviation * (float) random.nextGaussian() : noise;
            planes[i + 2 * plane] += coloured ? deviation * (float) random.nextGaussian() : noise;
        }
    }

    private void recolour(float[] planes) {
        int plane = planes.length / 3;
        if (chance(0.15)) {
            for (int i = 0; i < plane; i++) {
                float gray = (planes[i] + planes[i + plane] + planes[i + 2 * plane]) / 3;
                planes[i] = gray;
                planes[i + plane] = gray;
                planes[i + 2 * plane] = gray;
            }
            return;
        }
        for (int channel = 0; channel < 3; channel++) {
            scaleAndShift(planes, channel * plane, (channel + 1) * plane, uniform(0.8, 1.2), uniform(-0.1, 0.1));
        }
    }

    private void tint(float[] planes) {
        int plane = planes.length / 3;
        for (int channel = 0; channel < 3; channel++) {
            scaleAndShift(planes, channel * plane, (channel + 1) * plane, uniform(0.1, 1), 0);
        }
    }

    static void gamma(float[] planes, float exponent) {
        for (int i = 0; i < planes.length; i++) {
            planes[i] = planes[i] > 0 ? (float) Math.pow(planes[i], exponent) : planes[i];
        }
    }

    static void scaleAndShift(float[] values, int from, int to, float scale, float shift) {
        for (int i = from; i < to; i++) {
            values[i] = values[i] * scale + shift;
        }
    }

    /** Binomial 1-2-1 in both directions. */
    static void blur(float[] planes, int size) {
        float[] line = new float[size];
        for (int row = 0; row < 3 * size; row++) {
            blurLine(planes, row * size, 1, line);
        }
        for (int channel = 0; channel < 3; channel++) {
            for (int column = 0; column < size; column++) {
                blurLine(planes, channel * size * size + column, size, line);
            }
        }
    }

    private static void blurLine(float[] values, int start, int stride, float[] line) {
        int size = line.length;
        for (int i = 0; i < size; i++) {
            line[i] = values[start + i * stride];
        }
        for (int i = 0; i < size; i++) {
            float before = line[Math.max(i - 1, 0)];
            float after = line[Math.min(i + 1, size - 1)];
            values[start + i * stride] = (before + 2 * line[i] + after) / 4;
        }
    }

    private boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    private float uniform(double from, double to) {
        return (float) (from + (to - from) * random.nextDouble());
    }
}
