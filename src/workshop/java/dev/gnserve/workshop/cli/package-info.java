/** The commands of {@code gnserve-workshop.jar}: train, export and bench. */
@NullMarked
package dev.gnserve.workshop.cli;

import org.jspecify.annotations.NullMarked;
