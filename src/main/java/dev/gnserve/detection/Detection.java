package dev.gnserve.detection;

import dev.gnserve.image.Box;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One object.
 *
 * @param label index of its label, from 0
 * @param score 0 to 1
 * @param box in pixels: of the model's input before {@link Detector} maps it, then of the upright image
 * @param mask its pixels, or null if the model does not segment instances
 * @param keypoints in pixels of the upright image; empty if the model gives none
 */
public record Detection(
        int label, float score, Box box, @Nullable InstanceMask mask, List<KeyPoint> keypoints) {

    public Detection {
        keypoints = List.copyOf(keypoints);
    }

    public Detection(int label, float score, Box box, @Nullable InstanceMask mask) {
        this(label, score, box, mask, List.of());
    }

    public Detection(int label, float score, Box box) {
        this(label, score, box, null);
    }
}
