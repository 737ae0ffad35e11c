/** Models: manifests, the models folder, loading, warm-up, versions and states. */
@NullMarked
package dev.gnserve.model;

import org.jspecify.annotations.NullMarked;
