package dev.gnserve.model;

import dev.gnserve.image.ChannelOrder;
import dev.gnserve.image.Normalization;
import dev.gnserve.image.Padding;
import dev.gnserve.image.Resize;
import dev.gnserve.image.SampleRange;
import dev.gnserve.image.Tiling;
import org.jspecify.annotations.Nullable;

/**
 * How the model's input is made from an image.
 *
 * @param colour the channels and their order
 * @param range which values of an image become 0 and 255
 * @param resize how the image is resized
 * @param padding to sides that the network can halve; depends only on the size of the image
 * @param tiling how images larger than a tile are cut, or null to use every image whole
 * @param normalization from these values to float32
 * @param volume how inputs are made from a volume; null for a model of images
 * @param clip which frames become an input; null for a model of single images
 */
public record InputSpec(
        ChannelOrder colour,
        SampleRange range,
        Resize resize,
        Padding padding,
        @Nullable Tiling tiling,
        Normalization normalization,
        @Nullable VolumeSpec volume,
        @Nullable ClipSpec clip) {

    /** The usual input size of classifiers. */
    private static final int USUAL_SIDE = 224;

    /** For a model of images. */
    public InputSpec(
            ChannelOrder colour,
            SampleRange range,
            Resize resize,
            Padding padding,
            @Nullable Tiling tiling,
            Normalization normalization) {
        this(colour, range, resize, padding, tiling, normalization, null, null);
    }

    public InputSpec {
        if (tiling != null && tiling.size() % padding.multiple() != 0) {
            throw new IllegalArgumentException("tile.size is " + tiling.size()
                    + ", allowed is a multiple of sizeMultiple (" + padding.multiple() + ")");
        }
        if (clip != null) {
            boolean fitted = normalization instanceof Normalization.Percentile
                    || range.kind() == SampleRange.Kind.MIN_MAX
                    || range.kind() == SampleRange.Kind.PERCENTILE;
            if (tiling != null || volume != null || fitted) {
                throw new IllegalArgumentException("clip is given with "
                        + (volume != null
                                ? "volume"
                                : tiling != null ? "tile" : "a range or a normalization that is fitted to each frame")
                        + "; allowed with clip are whole frames of which all are prepared alike");
            }
        }
    }

    /**
     * The size of a typical input.
     *
     * @param mostSide the longest side that the archive takes
     */
    Resize.Size usualSize(int mostSide) {
        Resize.Size size;
        if (tiling != null) {
            size = new Resize.Size(tiling.size(), tiling.size());
        } else if (resize instanceof Resize.None) {
            int side = Math.max(1, Math.min(USUAL_SIDE, mostSide) / padding.multiple()) * padding.multiple();
            size = mostSide < padding.padded(USUAL_SIDE)
                    ? new Resize.Size(side, side)
                    : new Resize.Size(USUAL_SIDE, USUAL_SIDE);
        } else {
            size = resize.canvas(1, 1);
        }
        return new Resize.Size(padding.padded(size.width()), padding.padded(size.height()));
    }
}
