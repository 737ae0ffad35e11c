/** Proof that what the engine computed is Group Normalization: layer by layer against float64, with a kernel as the screen, and batch against single image. */
@NullMarked
package dev.gnserve.verification;

import org.jspecify.annotations.NullMarked;
