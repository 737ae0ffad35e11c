/** gnserve: serves Group-Normalization vision models over HTTP and proves their numerics. */
@NullMarked
package dev.gnserve;

import org.jspecify.annotations.NullMarked;
