package dev.gnserve.model;

import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.Tiling;

/**
 * What a model is given for an image.
 *
 * @param colour its channels and their order
 * @param resize how an image is brought to scale
 * @param padding to sides that the network can halve, by the image's own size alone
 * @param tiling how images larger than a tile are cut
 * @param normalization from 8-bit values to the model's input
 */
public record InputSpec(
        ChannelOrder colour, Resize resize, Padding padding, Tiling tiling, Normalization normalization) {

    public InputSpec {
        if (tiling.size() % padding.multiple() != 0) {
            throw new IllegalArgumentException("tile.size is " + tiling.size()
                    + ", allowed is a multiple of sizeMultiple (" + padding.multiple() + ")");
        }
    }
}
