/** Object detection: from a model's boxes and scores to what is told and drawn. */
@NullMarked
package dev.gnserve.detection;

import org.jspecify.annotations.NullMarked;
