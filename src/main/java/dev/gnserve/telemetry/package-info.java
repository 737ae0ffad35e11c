/** The meters of the service, with their names, units, buckets and labels; its traces and its request log. */
@NullMarked
package dev.gnserve.telemetry;

import org.jspecify.annotations.NullMarked;
