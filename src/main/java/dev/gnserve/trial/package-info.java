/** Judges archives before the engine of the service sees them: reads them, and loads them in a separate process that may end. */
@NullMarked
package dev.gnserve.trial;

import org.jspecify.annotations.NullMarked;
