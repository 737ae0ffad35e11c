/**
 * Group Normalization on plain arrays: scalar and vector kernels, the float64 reference that judges them, and the operator that they
 * make. Layer checks of the engine use the kernels' float64 loops; the operator serves the commands {@code groupnorm} and
 * {@code bench groupnorm}.
 */
@NullMarked
package dev.gnserve.norm;

import org.jspecify.annotations.NullMarked;
