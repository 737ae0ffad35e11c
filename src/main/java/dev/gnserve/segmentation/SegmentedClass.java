package dev.gnserve.segmentation;

import dev.gnserve.image.LabelMap;

/**
 * The mask and objects of one class.
 *
 * @param mask 1 for a pixel of the class, else 0
 * @param objects of the class, numbered from 1 in reading order
 * @param ids the object number of each pixel, 0 for background
 */
public record SegmentedClass(String label, LabelMap mask, FoundObjects objects, LabelMap ids) {

    SegmentedClass(String label, LabelMap mask, FoundObjects objects) {
        this(label, mask, objects, LabelMap.of(mask.width(), mask.height(), objects.ids()));
    }
}
