/** The way of an image through the service, as far as all tasks share it: upload, tensor, tiles, timing. */
@NullMarked
package dev.gnserve.serving;

import org.jspecify.annotations.NullMarked;
