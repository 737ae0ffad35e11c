/**
 * What builds and measures the product: training of the embedded models, benchmarks, load. Compiled after the product,
 * which cannot see it; packaged as {@code gnserve-workshop.jar}.
 */
@NullMarked
package dev.gnserve.workshop;

import org.jspecify.annotations.NullMarked;
