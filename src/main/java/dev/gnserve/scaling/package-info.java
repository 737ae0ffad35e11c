/** Autoscaling of replicas, simulated: what a daily load does to an autoscaler, and the autoscaler to those who ask. */
@NullMarked
package dev.gnserve.scaling;

import org.jspecify.annotations.NullMarked;
