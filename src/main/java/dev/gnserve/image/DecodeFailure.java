package dev.gnserve.image;

import dev.gnserve.failure.Failure;
import dev.gnserve.failure.FailureCode;
import dev.gnserve.failure.FailureException;
import java.time.Duration;

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
        String reason =
                thrown instanceof CorruptImageException ? thrown.getMessage() : "the decoder stopped with " + thrown;
        return Failure.of(
                FailureCode.IMAGE_UNDECODABLE,
                "%s is truncated or corrupt: %s; check that it opens elsewhere and was sent whole"
                        .formatted(file, reason),
                thrown);
    }
}
