/** What the JDK does not offer for this process: resident memory, nice values, an exit that runs no native destructors. */
@NullMarked
package dev.gnserve.process;

import org.jspecify.annotations.NullMarked;
