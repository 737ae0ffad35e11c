/** Dense regression, such as depth: from a model's output to a number for each pixel of an image. */
@NullMarked
package dev.gnserve.regression;

import org.jspecify.annotations.NullMarked;
