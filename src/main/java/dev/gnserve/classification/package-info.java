/** Image classification: from a model's logits to ranked labels. */
@NullMarked
package dev.gnserve.classification;

import org.jspecify.annotations.NullMarked;
