package dev.gnserve.detection;

import dev.gnserve.image.LabelMap;
import dev.gnserve.image.Overlay;
import dev.gnserve.image.UprightImage;
import dev.gnserve.pipeline.Mask;
import dev.gnserve.pipeline.MaskWriter;
import dev.gnserve.pipeline.Timing;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The result of detection for one image.
 *
 * @param image upright
 * @param labels of the model
 * @param detections best first
 */
public record Detections(UprightImage image, List<String> labels, List<Detection> detections) {

    /** The overlap (IoU) of boxes that show the same object, as COCO's AP50 takes it. */
    private static final double SAME_OBJECT = 0.5;

    /** The JSON document. */
    DetectedImage describe(String name, MaskWriter writer, Timing timing) {
        List<DetectedObject> objects = new ArrayList<>();
        int[] picture = detections.stream().anyMatch(detection -> detection.mask() != null)
                ? new int[image.width() * image.height()]
                : new int[0];
        for (Detection detection : detections) {
            objects.add(DetectedObject.of(
                    labels.get(detection.label()), detection, mask(detection.mask(), writer, picture)));
        }
        return new DetectedImage(name, image.page(), image.width(), image.height(), objects, timing, null);
    }

    /** Paints one object at a time on the picture, as objects may overlap. */
    private @Nullable Mask mask(@Nullable InstanceMask mask, MaskWriter writer, int[] picture) {
        if (mask == null) {
            return null;
        }
        mask.paint(picture, image.width(), 1);
        Mask written = writer.write(LabelMap.of(image.width(), image.height(), picture), 1, mask.region());
        mask.paint(picture, image.width(), 0);
        return written;
    }

    /** Twice the matched boxes over all boxes of both; 1 if there are none. A box is matched once, by the best box that it can have. */
    double agreement(Detections other) {
        int all = detections.size() + other.detections.size();
        boolean[] taken = new boolean[other.detections.size()];
        int matched = 0;
        for (Detection detection : detections) {
            int best = -1;
            double overlap = SAME_OBJECT;
            for (int i = 0; i < taken.length; i++) {
                Detection candidate = other.detections.get(i);
                double iou = NonMaximumSuppression.iou(detection.box(), candidate.box());
                if (!taken[i]
                        && iou >= overlap
                        && labels.get(detection.label()).equals(other.labels.get(candidate.label()))) {
                    best = i;
                    overlap = iou;
                }
            }
            if (best >= 0) {
                taken[best] = true;
                matched++;
            }
        }
        return all == 0 ? 1 : 2.0 * matched / all;
    }

    /** A PNG of the image with the masks tinted, and the boxes with labels and scores. */
    byte[] overlay() {
        Overlay overlay = new Overlay(image);
        if (detections.stream().anyMatch(detection -> detection.mask() != null)) {
            overlay.drawObjects(LabelMap.of(image.width(), image.height(), instances()));
        }
        overlay.drawBoxes(detections.stream()
                .map(detection -> new Overlay.Annotation(
                        detection.box(),
                        String.format(Locale.ROOT, "%s %.2f", labels.get(detection.label()), detection.score()),
                        detection.label()))
                .toList());
        for (Detection detection : detections) {
            for (KeyPoint point : detection.keypoints()) {
                if (point.visible()) {
                    overlay.drawPoint(point.x(), point.y(), detection.label());
                }
            }
        }
        return overlay.toPng();
    }

    /** The object number of each pixel, [height, width]; of the better object where they overlap. */
    private int[] instances() {
        int[] picture = new int[image.width() * image.height()];
        for (int i = detections.size(); i > 0; i--) {
            InstanceMask mask = detections.get(i - 1).mask();
            if (mask != null) {
                mask.paint(picture, image.width(), i);
            }
        }
        return picture;
    }
}
