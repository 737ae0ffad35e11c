package dev.gnserve.evaluation;

import java.util.List;
import java.util.stream.Stream;

/** Counts objects of all classes, found and true. Not thread-safe. */
final class InstanceScores {

    private final AveragePrecision precision = new AveragePrecision();
    private final List<PanopticQuality> qualities;
    private final int[] predicted;

    /** @param labels of the model, how many */
    InstanceScores(int labels) {
        qualities = Stream.generate(PanopticQuality::new).limit(labels).toList();
        predicted = new int[labels];
    }

    /**
     * Adds an image.
     *
     * @return its own panoptic quality, of all classes together; 1 if it has no object and none was found
     */
    double add(List<LabelledBox> truth, List<Found> found) {
        precision.add(truth, found);
        PanopticQuality ofImage = new PanopticQuality();
        for (int label = 0; label < predicted.length; label++) {
            int wanted = label;
            PanopticQuality ofClass = new PanopticQuality();
            ofClass.add(
                    truth.stream().filter(object -> object.label() == wanted).toList(),
                    found.stream().filter(object -> object.label() == wanted).toList());
            qualities.get(label).add(ofClass);
            ofImage.add(ofClass);
        }
        found.forEach(object -> predicted[object.label()]++);
        double quality = ofImage.pq();
        return Double.isNaN(quality) ? 1 : quality;
    }

    AveragePrecision precision() {
        return precision;
    }

    PanopticQuality quality(int label) {
        return qualities.get(label);
    }

    int predicted(int label) {
        return predicted[label];
    }
}
