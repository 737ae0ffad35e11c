/** PyTorch through DJL: devices, loading of TorchScript archives, forward passes, native memory. Nothing else that serves knows DJL. */
@NullMarked
package dev.gnserve.backend.djl;

import org.jspecify.annotations.NullMarked;
