/** Trains the embedded networks in Java: DJL blocks, data, losses, checkpoints, evaluation, export. */
@NullMarked
package dev.gnserve.workshop.training;

import org.jspecify.annotations.NullMarked;
