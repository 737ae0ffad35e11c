package dev.gnserve.detection;

import dev.gnserve.image.Overlay;
import dev.gnserve.image.UprightImage;
import dev.gnserve.serving.Timing;
import java.util.List;
import java.util.Locale;

/**
 * The objects of one image, to be told or drawn.
 *
 * @param image upright
 * @param labels of the model
 * @param detections best first
 */
record FoundInImage(UprightImage image, List<String> labels, List<Detection> detections) {

    /** In JSON. */
    DetectedImage describe(String name, Timing timing) {
        List<DetectedObject> objects = detections.stream()
                .map(detection -> DetectedObject.of(labels.get(detection.label()), detection))
                .toList();
        return new DetectedImage(name, image.width(), image.height(), objects, timing, null);
    }

    /** A PNG of the image with the boxes, each with its label and score. */
    byte[] overlay() {
        Overlay overlay = new Overlay(image);
        overlay.drawBoxes(detections.stream()
                .map(detection -> new Overlay.Annotation(
                        detection.box(),
                        String.format(Locale.ROOT, "%s %.2f", labels.get(detection.label()), detection.score()),
                        detection.label()))
                .toList());
        return overlay.toPng();
    }
}
