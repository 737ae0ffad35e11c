/** Programs of {@code torch.export} (.pt2) as data, and the TorchScript archives that they become. */
@NullMarked
package dev.gnserve.program;

import org.jspecify.annotations.NullMarked;
