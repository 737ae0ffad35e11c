/** Measurements of this program against what it competes with, side by side in one process. */
@NullMarked
package dev.gnserve.workshop.benchmark;

import org.jspecify.annotations.NullMarked;
