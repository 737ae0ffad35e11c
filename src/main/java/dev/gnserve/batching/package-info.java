/** Dynamic batching: a bounded first-in-first-out queue whose items of equal shape run together; knows nothing of HTTP, Spring or the engine. */
@NullMarked
package dev.gnserve.batching;

import org.jspecify.annotations.NullMarked;
