/** Runs models: the interface of a back end, its tensors, and the register of calls into it. Plain Java. */
@NullMarked
package dev.gnserve.backend;

import org.jspecify.annotations.NullMarked;
