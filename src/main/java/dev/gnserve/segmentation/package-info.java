/** Segmentation: masks, per-class pixels and objects of an image. */
@NullMarked
package dev.gnserve.segmentation;

import org.jspecify.annotations.NullMarked;
