/** The command line: one entry for serving and for every tool. */
@NullMarked
package dev.gnserve.cli;

import org.jspecify.annotations.NullMarked;
