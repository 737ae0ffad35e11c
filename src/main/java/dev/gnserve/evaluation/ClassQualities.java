package dev.gnserve.evaluation;

import java.util.List;
import java.util.stream.Stream;

/** Panoptic quality of the objects of each class. Not thread-safe. */
final class ClassQualities {

    private final List<PanopticQuality> qualities;

    /** @param labels of the model, how many */
    ClassQualities(int labels) {
        qualities = Stream.generate(PanopticQuality::new).limit(labels).toList();
    }

    /**
     * Adds an image.
     *
     * @return its own quality, of all classes together
     */
    PanopticQuality add(List<LabelledBox> truth, List<Found> found) {
        PanopticQuality ofImage = new PanopticQuality();
        for (int label = 0; label < qualities.size(); label++) {
            int wanted = label;
            PanopticQuality ofClass = new PanopticQuality();
            ofClass.add(
                    truth.stream().filter(object -> object.label() == wanted).toList(),
                    found.stream().filter(object -> object.label() == wanted).toList());
            qualities.get(label).add(ofClass);
            ofImage.add(ofClass);
        }
        return ofImage;
    }

    PanopticQuality of(int label) {
        return qualities.get(label);
    }

    /** RQ, the F1 score of objects: mean of the classes that have true objects; NaN if there is none. */
    double rq() {
        return qualities.stream()
                .filter(quality -> quality.objects() > 0)
                .mapToDouble(PanopticQuality::rq)
                .average()
                .orElse(Double.NaN);
    }
}
