/** How good a model is on images with known truth: data sets, scores and reports behind {@code evaluate}. */
@NullMarked
package dev.gnserve.evaluation;

import org.jspecify.annotations.NullMarked;
