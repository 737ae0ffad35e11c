/** Images: decoding under limits, orientation, resizing, padding, tiles, and masks and pictures back out. */
@NullMarked
package dev.gnserve.image;

import org.jspecify.annotations.NullMarked;
