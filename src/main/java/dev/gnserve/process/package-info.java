/** What the JDK does not offer for this process: resident memory, nice values, the limit of threads, exits. */
@NullMarked
package dev.gnserve.process;

import org.jspecify.annotations.NullMarked;
