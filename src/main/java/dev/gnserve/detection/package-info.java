/** Object detection: from a model's boxes and scores to JSON and pictures. */
@NullMarked
package dev.gnserve.detection;

import org.jspecify.annotations.NullMarked;
