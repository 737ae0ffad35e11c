package dev.gnserve.evaluation;

import java.util.List;

/** Counts objects of all classes, found and true. Not thread-safe. */
final class InstanceScores {

    private final AveragePrecision precision = new AveragePrecision();
    private final ClassQualities qualities;
    private final int[] predicted;
    private final boolean ranked;
    private int images;

    /** @param labels of the model, how many */
    InstanceScores(int labels) {
        this(labels, true);
    }

    /**
     * @param labels of the model, how many
     * @param ranked whether there is average precision, of at most 100 objects of an image; a volume has more
     */
    InstanceScores(int labels, boolean ranked) {
        this.qualities = new ClassQualities(labels);
        this.predicted = new int[labels];
        this.ranked = ranked;
    }

    /**
     * Adds an image.
     *
     * @param found all objects, for average precision
     * @param served those of them that the model is served with, for all other figures
     * @return its own panoptic quality, of all classes together; 1 if it has no object and none was found
     */
    double add(List<LabelledBox> truth, List<Found> found, List<Found> served) {
        images++;
        if (ranked) {
            precision.add(truth, found);
        }
        served.forEach(object -> predicted[object.label()]++);
        double quality = qualities.add(truth, served).pq();
        return Double.isNaN(quality) ? 1 : quality;
    }

    int images() {
        return images;
    }

    /** True objects of a class, without crowds. */
    int objects(int label) {
        return ranked ? precision.objects(label) : quality(label).objects();
    }

    /** Empty if {@code ranked} is false. */
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
