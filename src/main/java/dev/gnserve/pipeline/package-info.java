/** The way of an image, as far as all tasks share it: admission, budgets, upload, tensor, tiles, answer. */
@NullMarked
package dev.gnserve.pipeline;

import org.jspecify.annotations.NullMarked;
