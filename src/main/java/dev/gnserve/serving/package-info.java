/** The lifecycle of the service: settings, wiring, health, shutdown, and the list of its models. */
@NullMarked
package dev.gnserve.serving;

import org.jspecify.annotations.NullMarked;
