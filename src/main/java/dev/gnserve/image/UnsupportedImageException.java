package dev.gnserve.image;

import java.io.IOException;
import java.io.Serial;

/** Says which property of a whole file is not read here, and what to do; becomes IMAGE_UNDECODABLE with this message. */
public final class UnsupportedImageException extends IOException {

    @Serial
    private static final long serialVersionUID = 1L;

    public UnsupportedImageException(String message) {
        super(message);
    }

    /** Of values that no float can hold. */
    public static UnsupportedImageException ofNumbers() {
        return new UnsupportedImageException(
                "it has values that are not finite numbers of 32 bits: not a number, infinite, or beyond 3.4e38; replace them, and save it again");
    }
}
