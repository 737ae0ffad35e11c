package dev.gnserve.evaluation;

import java.nio.file.Path;
import java.util.List;

/**
 * An image with its true objects.
 *
 * @param id in its data set
 */
record LabelledImage(long id, Path file, List<LabelledBox> boxes) {

    LabelledImage {
        boxes = List.copyOf(boxes);
    }
}
