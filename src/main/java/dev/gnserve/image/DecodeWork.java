package dev.gnserve.image;

import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadProgressListener;
import org.jspecify.annotations.Nullable;

/**
 * One decoding that can be cancelled. Decoders ask at every read of the file and at every row. What the cancellation throws is kept:
 * decoders catch exceptions and throw others.
 */
final class DecodeWork implements IIOReadProgressListener {

    /** Single bytes are read between two questions. */
    private static final int PATIENCE = 1024;

    private final Cancellation cancellation;
    private int unasked;
    private @Nullable RuntimeException stopped;

    DecodeWork(Cancellation cancellation) {
        this.cancellation = cancellation;
    }

    /** What the cancellation threw, or null. */
    @Nullable
    RuntimeException stopped() {
        return stopped;
    }

    /** Throws if the work is cancelled. */
    void goOn() {
        if (stopped != null) {
            throw stopped;
        }
        try {
            cancellation.throwIfCancelled();
        } catch (RuntimeException e) {
            stopped = e;
            throw e;
        }
    }

    /** As {@link #goOn}, for steps that are too small to ask at each. */
    void goOnNowAndThen() {
        if (++unasked >= PATIENCE) {
            unasked = 0;
            goOn();
        }
    }

    @Override
    public void imageProgress(ImageReader source, float percentageDone) {
        goOn();
    }

    @Override
    public void sequenceStarted(ImageReader source, int minIndex) {}

    @Override
    public void sequenceComplete(ImageReader source) {}

    @Override
    public void imageStarted(ImageReader source, int imageIndex) {}

    @Override
    public void imageComplete(ImageReader source) {}

    @Override
    public void thumbnailStarted(ImageReader source, int imageIndex, int thumbnailIndex) {}

    @Override
    public void thumbnailProgress(ImageReader source, float percentageDone) {}

    @Override
    public void thumbnailComplete(ImageReader source) {}

    @Override
    public void readAborted(ImageReader source) {}
}
