/** Who may ask: API keys for inference and for administration, and headers that keep browsers from mischief. */
@NullMarked
package dev.gnserve.access;

import org.jspecify.annotations.NullMarked;
