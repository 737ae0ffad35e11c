/** A long run of everything at once against a server, with every answer held against the known one. */
@NullMarked
package dev.gnserve.soak;

import org.jspecify.annotations.NullMarked;
