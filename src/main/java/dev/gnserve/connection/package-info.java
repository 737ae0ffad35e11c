/** Connections of clients: which clients are gone, which are slow, and how many threads may wait for slow ones. */
@NullMarked
package dev.gnserve.connection;

import org.jspecify.annotations.NullMarked;
