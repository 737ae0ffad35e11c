/** Verifies the engine: each Group Normalization is compared with float64, and an image in a batch with the image alone. */
@NullMarked
package dev.gnserve.verification;

import org.jspecify.annotations.NullMarked;
