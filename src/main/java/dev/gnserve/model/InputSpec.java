package dev.gnserve.model;

import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.Tiling;
import org.jspecify.annotations.Nullable;

/**
 * What a model is given for an image.
 *
 * @param colour its channels and their order
 * @param resize how an image is brought to scale
 * @param padding to sides that the network can halve, by the image's own size alone
 * @param tiling how images larger than a tile are cut, or null where every image is taken whole
 * @param normalization from 8-bit values to the model's input
 */
public record InputSpec(
        ChannelOrder colour,
        Resize resize,
        Padding padding,
        @Nullable Tiling tiling,
        Normalization normalization) {

    /** A classifier's size where nothing says one. */
    private static final int USUAL_SIDE = 224;

    public InputSpec {
        if (tiling != null && tiling.size() % padding.multiple() != 0) {
            throw new IllegalArgumentException("tile.size is " + tiling.size()
                    + ", allowed is a multiple of sizeMultiple (" + padding.multiple() + ")");
        }
    }

    /** The size of an input that most images give, as far as this tells. */
    Resize.Size usualSize() {
        Resize.Size size;
        if (tiling != null) {
            size = new Resize.Size(tiling.size(), tiling.size());
        } else if (resize instanceof Resize.None) {
            size = new Resize.Size(USUAL_SIDE, USUAL_SIDE);
        } else {
            size = resize.canvas(1, 1);
        }
        return new Resize.Size(padding.padded(size.width()), padding.padded(size.height()));
    }
}
