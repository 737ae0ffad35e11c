/** Folders of images through a model without HTTP: one result for each image, also if the process is killed and started again. */
@NullMarked
package dev.gnserve.bulk;

import org.jspecify.annotations.NullMarked;
