package dev.gnserve.evaluation;

import java.nio.file.Path;
import java.util.List;

/**
 * An image with its true objects.
 *
 * @param id in its data set
 * @param width of the image in pixels, as its data set states it; 0 if it does not
 * @param height of the image in pixels, as its data set states it; 0 if it does not
 */
record LabelledImage(long id, Path file, int width, int height, List<LabelledBox> boxes) {

    LabelledImage {
        boxes = List.copyOf(boxes);
    }

    /**
     * Checks that boxes and outlines are in the pixels of the decoded image.
     *
     * @param decodedWidth of the upright image, in pixels
     * @param decodedHeight of the upright image, in pixels
     * @throws IllegalArgumentException if the data set states another size
     */
    void requireSize(int decodedWidth, int decodedHeight) {
        boolean stated = width > 0 && height > 0;
        if (stated && (width != decodedWidth || height != decodedHeight)) {
            throw new IllegalArgumentException(
                    "%s has %d x %d pixels when it is upright, and the dataset file says %d x %d. Give the image that was annotated%s"
                            .formatted(
                                    file,
                                    decodedWidth,
                                    decodedHeight,
                                    width,
                                    height,
                                    width == decodedHeight && height == decodedWidth
                                            ? "; if it was annotated without its orientation (EXIF), remove the orientation from the file"
                                            : ", or scale the annotations to the size of this one"));
        }
    }
}
