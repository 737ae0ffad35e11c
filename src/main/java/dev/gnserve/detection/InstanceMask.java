package dev.gnserve.detection;

import dev.gnserve.image.LabelMap;

/**
 * The pixels of one object.
 *
 * @param region of the upright image, around the box
 * @param inside [region.height, region.width], row-major; shared, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // Compared never.
public record InstanceMask(LabelMap.Region region, boolean[] inside) {

    /** Sets the pixels of the object in a picture [height, width]. */
    void paint(int[] picture, int width, int label) {
        for (int y = 0, at = 0; y < region.height(); y++) {
            int row = (region.y() + y) * width + region.x();
            for (int x = 0; x < region.width(); x++, at++) {
                if (inside[at]) {
                    picture[row + x] = label;
                }
            }
        }
    }
}
