/**
 * Group Normalization on Java arrays: the operator, its scalar and vector kernels, and a float64 reference. The commands
 * {@code groupnorm} and {@code bench groupnorm} use the operator; the verification of models uses the reference and the
 * comparison kernels.
 */
@NullMarked
package dev.gnserve.norm;

import org.jspecify.annotations.NullMarked;
