package dev.gnserve.evaluation;

import dev.gnserve.detection.Detection;
import dev.gnserve.image.Box;
import org.jspecify.annotations.Nullable;

/**
 * An object that a model found.
 *
 * @param label its class, from 0
 * @param score 0 to 1
 * @param pixels null where objects are judged by their boxes
 */
public record Found(
        int label, float score, Box box, @Nullable Pixels pixels) {

    /** To be judged by its box. */
    public static Found of(Detection detection) {
        return new Found(detection.label(), detection.score(), detection.box(), null);
    }

    /** To be judged by its pixels; its box is the one around them. */
    static Found of(int label, float score, Pixels pixels) {
        return new Found(label, score, pixels.box(), pixels);
    }

    /** Of its pixels, or else of its box. */
    double area() {
        return pixels == null ? box.width() * box.height() : pixels.area();
    }
}
