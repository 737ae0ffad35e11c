package dev.gnserve.evaluation;

import dev.gnserve.image.Box;

/**
 * A true object.
 *
 * @param label its class, from 0
 */
public record LabelledBox(int label, Box box) {}
