/** Dynamic batching: a bounded queue whose items of equal shape run together. Does not depend on HTTP, Spring or the engine. */
@NullMarked
package dev.gnserve.batching;

import org.jspecify.annotations.NullMarked;
