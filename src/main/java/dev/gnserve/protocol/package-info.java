/** The Open Inference Protocol v2 over HTTP: tensors in and out, as JSON or binary, through the same batches as images. */
@NullMarked
package dev.gnserve.protocol;

import org.jspecify.annotations.NullMarked;
