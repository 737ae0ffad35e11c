/** The PyTorch back end: devices, loading, forward passes and native memory, through DJL. Only this package uses DJL for serving. */
@NullMarked
package dev.gnserve.backend.djl;

import org.jspecify.annotations.NullMarked;
