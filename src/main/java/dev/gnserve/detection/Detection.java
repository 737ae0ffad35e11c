package dev.gnserve.detection;

import dev.gnserve.image.Box;
import org.jspecify.annotations.Nullable;

/**
 * One object that was found.
 *
 * @param label index of its label, from 0
 * @param score 0 to 1
 * @param box in pixels of the image that it was found in
 * @param mask its pixels, from a model that gives instances; else null
 */
public record Detection(
        int label, float score, Box box, @Nullable InstanceMask mask) {

    public Detection(int label, float score, Box box) {
        this(label, score, box, null);
    }
}
