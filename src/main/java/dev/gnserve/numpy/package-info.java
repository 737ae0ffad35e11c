/** Reads and writes NumPy files with DJL's codec, without an engine. */
@NullMarked
package dev.gnserve.numpy;

import org.jspecify.annotations.NullMarked;
