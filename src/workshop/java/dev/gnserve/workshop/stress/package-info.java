/** What a server is put through: everything at once for a long time, and more than it can do; every answer is held against the known one. */
@NullMarked
package dev.gnserve.workshop.stress;

import org.jspecify.annotations.NullMarked;
