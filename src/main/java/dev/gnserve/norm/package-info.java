/** Group Normalization on plain arrays: the operator, its scalar and vector kernels, and the float64 reference that judges them. */
@NullMarked
package dev.gnserve.norm;

import org.jspecify.annotations.NullMarked;
