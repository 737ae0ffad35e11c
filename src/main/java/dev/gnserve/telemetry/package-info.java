/** Every meter of the service: name, unit, buckets and labels stand here and nowhere else. */
@NullMarked
package dev.gnserve.telemetry;

import org.jspecify.annotations.NullMarked;
