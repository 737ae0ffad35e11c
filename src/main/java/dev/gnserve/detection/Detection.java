package dev.gnserve.detection;

import dev.gnserve.image.Box;

/**
 * One object that was found.
 *
 * @param label index of its label, from 0
 * @param score 0 to 1
 * @param box in pixels of the image that it was found in
 */
public record Detection(int label, float score, Box box) {}
