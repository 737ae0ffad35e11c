/** What can go wrong: with a request, as values (a code of the HTTP contract, a sentence with the numbers, the cause); with the settings, at start. */
@NullMarked
package dev.gnserve.failure;

import org.jspecify.annotations.NullMarked;
