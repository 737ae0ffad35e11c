/** The way of an image, as far as all tasks share it: admission, budgets, uploads, tiles, response. */
@NullMarked
package dev.gnserve.pipeline;

import org.jspecify.annotations.NullMarked;
