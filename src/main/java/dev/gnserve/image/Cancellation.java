package dev.gnserve.image;

/** Asked again and again while an image is decoded, by the thread that decodes it. */
@FunctionalInterface
public interface Cancellation {

    /** Nothing stops the decoding. */
    Cancellation NEVER = () -> {};

    /** Returns if the image is still wanted; throws what the decoding is to end with if not. */
    void throwIfCancelled();
}
