package dev.gnserve.segmentation;

import dev.gnserve.image.LabelMap;

/**
 * What was found of one class.
 *
 * @param label of the class
 * @param mask 1 where a pixel belongs to the class, else 0
 * @param objects the class's own, numbered from 1 in reading order
 * @param ids the same as a map
 */
public record SegmentedClass(String label, LabelMap mask, FoundObjects objects, LabelMap ids) {

    SegmentedClass(String label, LabelMap mask, FoundObjects objects) {
        this(label, mask, objects, LabelMap.of(mask.width(), mask.height(), objects.ids()));
    }
}
