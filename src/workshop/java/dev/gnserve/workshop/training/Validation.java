package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.SegmentationScores;
import dev.gnserve.segmentation.ObjectFinder;

/**
 * Scores of a network between the steps of its training, with images taken whole. What is served is judged
 * by the evaluation instead, through the archive and with everything around it.
 */
final class Validation {

    private final ObjectFinder finder;

    Validation(ObjectFinder finder) {
        this.finder = finder;
    }

    SegmentationScores score(TrainableUNet network, LabelledImage image) {
        int multiple = network.network().shape().multiple();
        int width = (image.width() + multiple - 1) / multiple * multiple;
        int height = (image.height() + multiple - 1) / multiple * multiple;
        float[] probabilities = network.probabilities(padded(image, width, height), height, width);
        float[] interior = new float[image.pixels()];
        float[] foreground = new float[image.pixels()];
        boolean[] mask = new boolean[image.pixels()];
        for (int y = 0; y < image.height(); y++) {
            for (int x = 0; x < image.width(); x++) {
                int at = y * image.width() + x;
                int from = y * width + x;
                interior[at] = probabilities[SegmentationTarget.INTERIOR * width * height + from];
                foreground[at] = 1 - probabilities[SegmentationTarget.BACKGROUND * width * height + from];
                mask[at] = foreground[at] > finder.maskThreshold();
            }
        }
        int[] ids =
                finder.find(interior, foreground, image.width(), image.height()).ids();
        return SegmentationScores.of(image.ids(), ids, mask);
    }

    private static float[] padded(LabelledImage image, int width, int height) {
        float[] padded = new float[3 * width * height];
        for (int row = 0; row < 3 * height; row++) {
            int from = row / height * image.height() + reflected(row % height, image.height());
            for (int x = 0; x < width; x++) {
                padded[row * width + x] = image.planes()[from * image.width() + reflected(x, image.width())];
            }
        }
        return padded;
    }

    private static int reflected(int at, int length) {
        return at < length ? at : 2 * length - 2 - at;
    }
}
