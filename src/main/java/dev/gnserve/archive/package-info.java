/** TorchScript archives as data: read, listed, instrumented, repaired and written without Python and without the engine. */
@NullMarked
package dev.gnserve.archive;

import org.jspecify.annotations.NullMarked;
