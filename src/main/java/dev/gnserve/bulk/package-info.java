/** Folders of images through a model without HTTP: one answer for each image, whatever is killed in between. */
@NullMarked
package dev.gnserve.bulk;

import org.jspecify.annotations.NullMarked;
