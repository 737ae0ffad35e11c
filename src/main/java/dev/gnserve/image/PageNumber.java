package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;

/**
 * Which page of a TIFF file, or which picture of an animation or another file of several, an image is.
 *
 * @param number from 1
 * @param of pages of the file
 */
public record PageNumber(int number, int of) {

    public PageNumber {
        if (number < 1 || number > of) {
            throw new IllegalArgumentException("page %d of %d".formatted(number, of));
        }
    }

    /**
     * The first page, where formats have others that are not read: frames of animations.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST for any other
     */
    static PageNumber first(ImageFormat format, int wanted, int of) {
        if (wanted != 1) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "the %s has %d picture%s, of which the first is read, and page %d is wanted: save that picture as a file"
                                    .formatted(format, of, of == 1 ? "" : "s", wanted))
                    .asException();
        }
        return new PageNumber(1, of);
    }

    /**
     * One of the pages.
     *
     * @throws dev.gnserve.failure.FailureException INVALID_REQUEST where the file has fewer
     */
    static PageNumber any(ImageFormat format, int wanted, int of) {
        if (wanted > of) {
            throw Failure.of(
                            FailureCode.INVALID_REQUEST,
                            "the %s has %d page%s, and page %d is wanted: set page to 1..%d"
                                    .formatted(format, of, of == 1 ? "" : "s", wanted, of))
                    .asException();
        }
        return new PageNumber(wanted, of);
    }
}
