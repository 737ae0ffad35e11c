/** TorchScript archives as data: reading, listing layers, instrumenting, repairing and writing, without Python or the engine. */
@NullMarked
package dev.gnserve.archive;

import org.jspecify.annotations.NullMarked;
