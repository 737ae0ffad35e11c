/** The only importer of DJL: devices, loading of TorchScript archives, forward passes, native memory; plain Java arrays go in and come out. */
@NullMarked
package dev.gnserve.engine;

import org.jspecify.annotations.NullMarked;
