package dev.gnserve.workshop.training;

import java.util.random.RandomGenerator;

/** Random changes of the colours of a stained smear, float32 [3, size, size] from 0 to 1, in place: another exposure, lamp or stain. */
final class StainAugmentation {

    private final RandomGenerator random;

    StainAugmentation(RandomGenerator random) {
        this.random = random;
    }

    void apply(float[] planes, int size) {
        if (chance(0.4)) {
            Augmentation.gamma(planes, (float) Math.exp(uniform(-0.4, 0.4)));
        }
        if (chance(0.6)) {
            // Contrast around the middle, then brightness.
            float contrast = uniform(0.75, 1.3);
            Augmentation.scaleAndShift(
                    planes, 0, planes.length, contrast, 0.5f * (1 - contrast) + uniform(-0.12, 0.12));
        }
        if (chance(0.6)) {
            int plane = planes.length / 3;
            for (int channel = 0; channel < 3; channel++) {
                Augmentation.scaleAndShift(
                        planes, channel * plane, (channel + 1) * plane, uniform(0.88, 1.12), uniform(-0.06, 0.06));
            }
        }
        if (chance(0.15)) {
            Augmentation.blur(planes, size);
        }
        if (chance(0.25)) {
            float deviation = uniform(0, 0.04);
            for (int i = 0; i < planes.length; i++) {
                planes[i] += deviation * (float) random.nextGaussian();
            }
        }
    }

    private boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    private float uniform(double from, double to) {
        return (float) (from + (to - from) * random.nextDouble());
    }
}
