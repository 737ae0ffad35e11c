/** NumPy files in and out, by DJL's own codec and without an engine. */
@NullMarked
package dev.gnserve.numpy;

import org.jspecify.annotations.NullMarked;
