/** Volumes: pictures with depth. Read under limits, normalized, cut into windows, blended, labelled in three dimensions, and written. */
@NullMarked
package dev.gnserve.volume;

import org.jspecify.annotations.NullMarked;
