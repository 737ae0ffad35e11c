package dev.gnserve.workshop.training;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** Discs of known place on a dark, noisy ground: a task that a small network learns in a few steps. */
final class SyntheticNuclei {

    private SyntheticNuclei() {}

    static List<LabelledImage> images(int count, int size, long seed) {
        Random random = new Random(seed);
        return IntStream.range(0, count).mapToObj(i -> image(size, random)).toList();
    }

    private static LabelledImage image(int size, Random random) {
        int[] ids = new int[size * size];
        for (int id = 1; id <= 4; id++) {
            double radius = 5 + 3 * random.nextDouble();
            int centreX = random.nextInt(size);
            int centreY = random.nextInt(size);
            for (int i = 0; i < ids.length; i++) {
                if (Math.hypot(i % size - centreX, i / size - centreY) < radius && ids[i] == 0) {
                    ids[i] = id;
                }
            }
        }
        float[] planes = new float[3 * ids.length];
        for (int i = 0; i < ids.length; i++) {
            float value = (ids[i] == 0 ? 0.1f : 0.8f) + 0.05f * (float) random.nextGaussian();
            planes[i] = value;
            planes[i + ids.length] = value;
            planes[i + 2 * ids.length] = value;
        }
        return new LabelledImage("synthetic", "fluorescence", size, size, planes, ids);
    }
}
