package dev.gnserve.evaluation;

import dev.gnserve.image.Box;
import org.jspecify.annotations.Nullable;

/**
 * A true object.
 *
 * @param label its class, from 0
 * @param crowd whether it stands for several objects: what is found in it is neither right nor wrong
 * @param area of the object in pixels, by which it is small or large; that of the box unless its outline is known
 * @param pixels null where objects are judged by their boxes
 */
public record LabelledBox(
        int label,
        Box box,
        boolean crowd,
        double area,
        @Nullable Pixels pixels) {

    /** One object, of which the box is known. */
    public LabelledBox(int label, Box box) {
        this(label, box, false, box.width() * box.height(), null);
    }

    /** One object, of which the pixels are known. */
    LabelledBox(int label, Pixels pixels) {
        this(label, pixels.box(), false, pixels.area(), pixels);
    }

    /**
     * Intersection over union with what was found, of the pixels where both have them, or else of the boxes. Where this is a crowd, the
     * area of what was found takes the place of the union.
     */
    double overlap(Found found) {
        double width = Math.min(found.box().right(), box.right())
                - Math.max(found.box().x(), box.x());
        double height = Math.min(found.box().bottom(), box.bottom())
                - Math.max(found.box().y(), box.y());
        if (width <= 0 || height <= 0) {
            return 0;
        }
        double common = width * height;
        double own = box.width() * box.height();
        Pixels others = found.pixels();
        if (pixels != null && others != null) {
            common = pixels.common(others);
            own = pixels.area();
        }
        double union = crowd ? found.area() : found.area() + own - common;
        return union <= 0 ? 0 : common / union;
    }

    /** How many pixels it has, or else its box: counted, where {@link #area} is what the data set states and can be 0. */
    double extent() {
        return pixels == null ? box.width() * box.height() : pixels.area();
    }
}
