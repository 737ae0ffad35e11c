package dev.gnserve.detection;

import dev.gnserve.image.LabelMap;

/**
 * The pixels of one object.
 *
 * @param region of the upright original, around the box
 * @param inside [region.height, region.width], row-major; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // One bit of a picture each; identity is equality enough.
record InstanceMask(LabelMap.Region region, boolean[] inside) {

    /** Paints the object into a picture of labels [height, width]. */
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
