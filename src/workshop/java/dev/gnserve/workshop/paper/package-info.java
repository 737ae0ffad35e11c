/** Group Normalization's paper, measured: the experiments, their results as files, the figures and tables of the report. */
@NullMarked
package dev.gnserve.workshop.paper;

import org.jspecify.annotations.NullMarked;
