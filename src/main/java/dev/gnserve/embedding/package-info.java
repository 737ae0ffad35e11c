/** Embeddings: from a model's output to one vector for each image. */
@NullMarked
package dev.gnserve.embedding;

import org.jspecify.annotations.NullMarked;
