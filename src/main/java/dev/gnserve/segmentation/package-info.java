/** Segmentation: from class probabilities to masks and separate objects. */
@NullMarked
package dev.gnserve.segmentation;

import org.jspecify.annotations.NullMarked;
