package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import java.util.Locale;

/**
 * How large an image may be; held against its header, before anything is decoded.
 *
 * @param maxPixels width times height
 * @param maxSide width or height
 */
public record ImageLimits(long maxPixels, int maxSide) {

    /** 64 megapixels, no side longer than 32,768. */
    public static final ImageLimits DEFAULT = new ImageLimits(64_000_000, 32_768);

    /** Sample arrays of three channels must fit a Java array. */
    private static final long MOST_PIXELS = Integer.MAX_VALUE / 4;

    /** As large as pictures can be here: for pictures that were accepted before. */
    public static final ImageLimits WIDEST = new ImageLimits(MOST_PIXELS, Integer.MAX_VALUE);

    public ImageLimits {
        if (maxPixels < 1 || maxPixels > MOST_PIXELS) {
            throw new IllegalArgumentException(
                    "maxPixels must be in 1..%d but is %d".formatted(MOST_PIXELS, maxPixels));
        }
        if (maxSide < 1) {
            throw new IllegalArgumentException("maxSide must be positive but is " + maxSide);
        }
    }

    /** Throws IMAGE_TOO_LARGE for more samples than the largest image of four channels has. */
    void checkSamples(int width, int height, int channels) {
        if ((long) width * height * channels > 4 * maxPixels) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            String.format(
                                    Locale.ROOT,
                                    "the image is %d x %d pixels with %d channels; at most %,d samples are accepted: scale it"
                                            + " down or cut it into parts",
                                    width,
                                    height,
                                    channels,
                                    4 * maxPixels))
                    .asException();
        }
    }

    /** Throws IMAGE_UNDECODABLE for a size that is none, IMAGE_TOO_LARGE for one beyond the limits. */
    void check(ImageFormat format, long width, long height) {
        if (width < 1 || height < 1) {
            throw Failure.of(
                            FailureCode.IMAGE_UNDECODABLE,
                            "the %s header declares a size of %d x %d pixels".formatted(format, width, height))
                    .asException();
        }
        if (width > maxSide || height > maxSide || width * height > maxPixels) {
            throw Failure.of(
                            FailureCode.IMAGE_TOO_LARGE,
                            String.format(
                                    Locale.ROOT,
                                    "the image is %d x %d = %,.0f pixels; at most %,d pixels and %,d per side are accepted: "
                                            + "scale it down or cut it into parts",
                                    width,
                                    height,
                                    (double) width * height,
                                    maxPixels,
                                    maxSide))
                    .asException();
        }
    }
}
