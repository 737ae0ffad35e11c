package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.io.EOFException;
import java.nio.BufferUnderflowException;
import java.time.Duration;
import javax.imageio.IIOException;

/** The failure of decoding a file: not supported, damaged, or without memory. */
public final class DecodeFailure {

    private static final Duration NEXT_TRY = Duration.ofSeconds(1);

    private DecodeFailure() {}

    /**
     * What a decoder threw, or one of its causes: decoders meet corrupt bytes with whatever exception their arithmetic leads to.
     *
     * @param file in words, such as "the TIFF of 1234 bytes"
     */
    public static Failure of(String file, Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof FailureException known) {
                return known.failure();
            }
            if (cause instanceof UnsupportedImageException) {
                return Failure.of(
                        FailureCode.IMAGE_UNDECODABLE, file + " is not supported: " + cause.getMessage(), thrown);
            }
            if (cause instanceof OutOfMemoryError) {
                String detail = "there is not enough memory now to decode " + file + "; send it again in a moment";
                return new Failure(FailureCode.OVERLOADED, detail, NEXT_TRY, thrown);
            }
        }
        return Failure.of(
                FailureCode.IMAGE_UNDECODABLE,
                "%s is truncated or corrupt: %s; check that it opens elsewhere and was sent whole"
                        .formatted(file, reason(thrown)),
                thrown);
    }

    /** What an index outside an array says would not tell the sender of the file anything. */
    private static String reason(Throwable thrown) {
        if (thrown instanceof CorruptImageException || thrown instanceof IIOException) {
            return String.valueOf(thrown.getMessage());
        }
        return thrown instanceof IndexOutOfBoundsException
                        || thrown instanceof BufferUnderflowException
                        || thrown instanceof EOFException
                ? "its data ends too early, or has a value outside its range"
                : "the decoder stopped with " + thrown;
    }
}
