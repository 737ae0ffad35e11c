/** Functions of the operating system that the JDK lacks: resident memory, thread priority, limits of threads, exit without native destructors. */
@NullMarked
package dev.gnserve.process;

import org.jspecify.annotations.NullMarked;
