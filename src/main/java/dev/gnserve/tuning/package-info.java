/** Execution plans: which one makes a model fastest on this machine without changing what it answers. */
@NullMarked
package dev.gnserve.tuning;

import org.jspecify.annotations.NullMarked;
