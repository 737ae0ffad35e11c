package dev.gnserve.evaluation;

import java.util.List;

/** Counts objects of all classes, found and true. Not thread-safe. */
final class InstanceScores {

    private final AveragePrecision precision = new AveragePrecision();
    private final ClassQualities qualities;
    private final int[] predicted;

    /** @param labels of the model, how many */
    InstanceScores(int labels) {
        qualities = new ClassQualities(labels);
        predicted = new int[labels];
    }

    /**
     * Adds an image.
     *
     * @return its own panoptic quality, of all classes together; 1 if it has no object and none was found
     */
    double add(List<LabelledBox> truth, List<Found> found) {
        precision.add(truth, found);
        found.forEach(object -> predicted[object.label()]++);
        double quality = qualities.add(truth, found).pq();
        return Double.isNaN(quality) ? 1 : quality;
    }

    AveragePrecision precision() {
        return precision;
    }

    PanopticQuality quality(int label) {
        return qualities.of(label);
    }

    int predicted(int label) {
        return predicted[label];
    }
}
