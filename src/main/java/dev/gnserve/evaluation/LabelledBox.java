package dev.gnserve.evaluation;

import dev.gnserve.image.Box;

/**
 * A true object.
 *
 * @param label its class, from 0
 * @param crowd whether it stands for several objects: boxes in it are neither right nor wrong
 * @param area of the object in pixels, by which it is small or large; that of the box unless its outline is known
 */
public record LabelledBox(int label, Box box, boolean crowd, double area) {

    /** One object, of which the box is known. */
    public LabelledBox(int label, Box box) {
        this(label, box, false, box.width() * box.height());
    }
}
