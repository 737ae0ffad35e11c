/** Requests with images that are answered later: kept on disk, run like any other request, their answers kept for a while. */
@NullMarked
package dev.gnserve.jobs;

import org.jspecify.annotations.NullMarked;
