/** Failures: of requests as values with a code, a message and a cause; of settings as an exception at the start. */
@NullMarked
package dev.gnserve.failure;

import org.jspecify.annotations.NullMarked;
