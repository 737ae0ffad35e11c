package dev.gnserve.workshop.training;

import dev.gnserve.evaluation.LabelledBox;
import dev.gnserve.image.Box;
import java.util.ArrayList;
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

    /**
     * The image at half the side, each pixel the mean of four; cut at the bottom and to the right so that the sides are multiples of 32, with those boxes
     * that keep half of their area.
     */
    BoxedImage halved() {
        int halfWidth = width / 2 / 32 * 32;
        int halfHeight = height / 2 / 32 * 32;
        float[] half = new float[3 * halfWidth * halfHeight];
        for (int row = 0; row < 3 * halfHeight; row++) {
            int from = (row / halfHeight * height + row % halfHeight * 2) * width;
            for (int x = 0; x < halfWidth; x++) {
                int at = from + 2 * x;
                half[row * halfWidth + x] =
                        (planes[at] + planes[at + 1] + planes[at + width] + planes[at + width + 1]) / 4;
            }
        }
        List<LabelledBox> halves = new ArrayList<>();
        for (LabelledBox labelled : boxes) {
            Box box = labelled.box();
            double right = Math.min(halfWidth, box.right() / 2);
            double bottom = Math.min(halfHeight, box.bottom() / 2);
            Box cut = Box.ofCorners(box.x() / 2, box.y() / 2, right, bottom);
            if (cut.width() > 0 && cut.height() > 0 && cut.width() * cut.height() >= box.width() * box.height() / 8) {
                halves.add(new LabelledBox(labelled.label(), cut));
            }
        }
        return new BoxedImage(file, halfWidth, halfHeight, half, halves);
    }
}
