/**
 * Writes the results of {@code batch} in the formats of other tools. Start with {@link dev.gnserve.exchange.Conversion}.
 */
@NullMarked
package dev.gnserve.exchange;

import org.jspecify.annotations.NullMarked;
