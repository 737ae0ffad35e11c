package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.LabelledBox;
import java.util.List;

/** One image with the boxes of its objects, ready for the network. The array is shared, not copied. */
final class BoxedImage {

    private final String file;
    private final int width;
    private final int height;
    private final float[] planes;
    private final List<LabelledBox> boxes;

    BoxedImage(String file, int width, int height, float[] planes, List<LabelledBox> boxes) {
        if (planes.length != 3 * width * height) {
            throw new IllegalArgumentException(
                    file + ": " + planes.length + " values are not 3 planes of " + width + " x " + height);
        }
        this.file = file;
        this.width = width;
        this.height = height;
        this.planes = planes;
        this.boxes = List.copyOf(boxes);
    }

    String file() {
        return file;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    /** float32 [3, height, width], from 0 to 1: colours are varied before they are normalized. */
    float[] planes() {
        return planes;
    }

    List<LabelledBox> boxes() {
        return boxes;
    }
}
