/** Instances from pixels: separate objects from the maps that networks such as HoVer-Net return. */
@NullMarked
package dev.gnserve.instances;

import org.jspecify.annotations.NullMarked;
