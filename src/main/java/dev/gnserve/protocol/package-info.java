/** The Open Inference Protocol v2 over HTTP: tensors in JSON or binary data, in the same batches as images. */
@NullMarked
package dev.gnserve.protocol;

import org.jspecify.annotations.NullMarked;
