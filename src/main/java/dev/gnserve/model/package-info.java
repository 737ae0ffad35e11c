/** Models as they are served: the manifest, the folder they lie in, loading, warm-up, versions and states. */
@NullMarked
package dev.gnserve.model;

import org.jspecify.annotations.NullMarked;
