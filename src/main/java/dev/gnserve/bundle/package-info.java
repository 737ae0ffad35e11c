/** Packages that others publish (BioImage.IO, MONAI bundles), read as data and turned into the folder of a model. */
@NullMarked
package dev.gnserve.bundle;

import org.jspecify.annotations.NullMarked;
