package dev.gnserve.training;

import dev.gnserve.image.Box;

/**
 * A true object.
 *
 * @param label its class, from 0
 */
record LabelledBox(int label, Box box) {}
