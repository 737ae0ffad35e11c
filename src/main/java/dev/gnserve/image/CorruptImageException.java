package dev.gnserve.image;

import java.io.IOException;
import java.io.Serial;

/** Says what is wrong with a file's structure; becomes IMAGE_UNDECODABLE with this message. */
public final class CorruptImageException extends IOException {

    @Serial
    private static final long serialVersionUID = 1L;

    public CorruptImageException(String message) {
        super(message);
    }
}
